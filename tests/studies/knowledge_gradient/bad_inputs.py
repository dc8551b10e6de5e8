"""Mistakes that only this study knows: overrides, and what the line says."""

ARMS = "instance=arms"
ONES = "instance.variance=[1,1,1]"
FEASIBLE = "problem=feasible", "policies=[equal]"

BAD = [
    (
        [ARMS, "instance.mean=[0,1,1]", ONES],
        "instance.mean: best arm is tied (arms 1 and 2): no finite rate; change the means",
    ),
    (
        [ARMS, "instance.mean=[0,1,2,3]", "instance.variance=[1,1,1,0]"],
        "instance.variance[3]: 0 is not > 0; give a variance",
    ),
    (["budget=40"], "budget: 40 < k n0 = 50; use more pulls"),
    (["variance=plugin", "n0=1"], "n0: 1 with variance=plugin needs n0 >= 2"),
    (
        [
            *("problem=eps_good", "policies=[kg]", ARMS, ONES),
            *("instance.mean=[1,0.7,0.5]", "instance.epsilon=0.5"),
        ],
        "instance.epsilon: a gap equals epsilon (arm 2): rate is 0",
    ),
    (
        [*FEASIBLE, "instance=five_by_two", "instance.threshold=[0.6,0.5]"],
        "instance.threshold: mean[1][0] equals the threshold: rate is 0",
    ),
    (
        [ARMS, "instance.mean=[1,2,3,4,5,6,7,8,9]", "instance.variance=[1,1,1,1,1,1,1,1,1,1]"],
        "instance: 9 means, 10 variances",
    ),
    (["policies=[kg,ikgg]"], "policies: 'ikgg' unknown; nearest 'ikg'"),
    ([*FEASIBLE], "problem: feasible needs instance.threshold"),
    ([ARMS, "instance.mean=[0,1,nan]", ONES], "instance.mean[2]: nan; give a finite number"),
    ([ARMS, "instance.mean=[1]", "instance.variance=[1]"], "kg: fewer than 2 arms"),
    (["problem=eps_good", "policies=[kg]"], "problem: eps_good needs instance.epsilon"),
    (
        ["problem=eps_good", "instance=near_tie", "policies=[ttei]"],
        "policies: 'ttei' is not defined for problem=eps_good",
    ),
    (["policies=[kg,kg]"], "policies: 'kg' is named twice"),
    (["policies=[]"], "policies: there is none"),
    (["policies=[custom]"], "policy_file: policies has custom"),
    (["policy_file=mine.py"], "policy_file: no policy uses it"),
    (
        ["policies=[custom]", "policy_file=none.py"],
        "policy_file: none.py fails: No such file or directory",
    ),
    (["instance=file", "instance.path=none.json"], "instance.path: none.json: No such file"),
    (["dynamics=fluid", "fluid_budget=49"], "fluid_budget: 49 < k n0 = 50"),
    (
        [
            *(*FEASIBLE, "instance=measures", "instance.mean=[[0,1],[1]]"),
            *("instance.variance=[[1,1],[1,1]]", "instance.threshold=[2,2]"),
        ],
        "instance.mean: is no table of numbers",
    ),
]
