"""What the report says around its tables; names in braces are filled in."""

OPENING = """\
# Calibration of the verdicts

How often is a true law called contradicted, and a false one consistent? `{command}` asks
{families} families of synthetic curves with a known law in {cells} cells each, {replicates:,}
replicates a cell; then experiments in which some runs do not follow the law, runs that start
late, claims about an expectation, systems whose rate is a theorem, and sound records with a
defect put in. All of it goes through the judge that judges real runs. The counts are in
`benchmarks/calibration/results.json`; seeds are fixed. A quick look that writes nothing: `python
-m benchmarks.calibration --replicates 40`.

A replicate is an experiment of S runs: ln y = the curve + a normal amplitude a run (sd 0.3) +
noise along the recorded steps. The design has {horizons} log-spaced horizons T from {first:,} to
{last:,}, S = 1, 5, 20, noise of sd 0, 0.05, 0.2 with correlation 0 or 0.9 from one recorded step
to the next: each factor in turn about a centre (T = 10,000, S = 20, noise 0.05, correlation 0.9),
the horizon at five places (every third one where S = 20 and the noise is 0.2), then the corners.
Phases, onsets and steps of stairs are drawn anew in every replicate. Limits in brackets are exact
95 % binomial ones; *at most* is a one-sided one.

An experiment is *contradicted* where a run is named, or where only the mean of all refutes "every
run" (five runs and more, beyond 3.5 decades); it is *consistent* where every run is kept, by
itself or in company, and *inconclusive* otherwise.

Beside it, *common practice* on the mean curve of the same data: *slope*, the least-squares
exponent of the whole curve lies within 0.1 of 1; *best fit*, of 1/t, log t / t, log^2 t / t and
t^-0.5 the one with the least squares is 1/t or log t / t."""

TRUE = """\
*Cells*: horizons at which the transient of the family is over: all of them, and for a shift by
100 steps or a plateau of up to 1,000 those from 10,000 on (*Late starts*, below). The last two
columns are how often common practice rejects the truth at the centre. The slope of a true log t /
t over the whole curve is never near -1 at a horizon one can run, so *slope* always rejects it,
and it rejects what is better than claimed; what *best fit* confirms instead is in the next table.
A true law is *inconclusive*, not contradicted, where a transient or a wobble reaches into the
last decade, or where noise leaves one of the runs undecided."""

FALSE = """\
*Cells where it shows*: ln T >= 1.5 / deficit for an exponent that falls short (t^-0.9 thus from
3.3e6 on, beyond this design); from 10,000 on for the floor of 0.001; all cells for log powers and
for what is no exponential; none for exp(-(t/100)^0.95), whose decay rate falls by 3.4 % an octave
where 3 % is allowed. What is neither contradicted nor consistent is *inconclusive*: t^-0.75 and
the floor at the centre, whose growth does not yet show in two decades."""

SHORT = """\
**Where it falls short.** t^-0.75 has a deficit of 0.25, which by that rule shows from T = 403 on.
Beyond chance it is called consistent in more than 1 % in {cells} of its {all} cells, at T = {at}.
The rule of thumb takes ln T where the slope is measured in the middle of the last decade, at T /
sqrt(10): what can be resolved is 1.5 / ln(T / sqrt(10)), which is 0.26 at T = 1,000, 0.25 at
1,275, 0.19 at 10,000. That is the number every verdict prints (*an exponent wrong by less than
... would not show*). A smaller allowance would call inconclusive what the printed number says is
within it."""

POWER = """\
How often log^2 t / t is contradicted as log t / t, in per cent; in brackets, how often a run is
named. The other contradictions are joint. At T = 1,000 the slope of any power of log t fades from
window to window by just the share of 0.6 that is asked: there chance decides, and the two
verdicts that change with the density of the grid are of that horizon."""

TRADE_OFF = """\
The trade-off of the pooled test at the centre. A rule asks that the slope of y / f exceeds
*kappa* log powers in so many overlapping *pairs* of windows, and that the last window keeps the
share *fade* of the slope of the one before. *Worst*: the largest share of false contradictions
over the true families beyond 3.5 decades (S = 5 without noise, S = 20 with noise 0.05;
{replicates} replicates)."""

TRADE_OFF_READ = """\
To ask that growth does not fade costs two per cent of power and removes the time shift; more than
one pair removes the log-periodic wobble. The third pair costs nothing that shows here."""

MIXTURES = """\
A mean hides a run that never converges; so every run is judged. Here S - 1 runs follow the law
and one is *growing* (like t^1/2), *constant*, or *stalling* (it follows the law to T/30 and stays
there), or S/2 are constant. T = 400, 1,000, 10,000 and 100,000; noise of sd 0, 0.05, 0.2, white
or of correlation 0.9, each run's own or common to all (but for a tenth): nine kinds of noise.
Experiments in each place, of S runs: {sizes}."""

GOOD_RUNS = """\
**Is a good run named?** Experiments without a bad run in which one is, over all horizons and
kinds of noise:"""

BAD_RUNS = """\
**Is a bad run missed?** Share of growing and of constant runs, one of S, that is not named, in
per cent, from S = 8 to S = 400 (one number where they agree):"""

BAD_RUNS_READ = """\
What is not named is undecided, and the sentence says from which horizon on it would be decided. 1
/ t^2 is resolved from T = 400 on. A law with log^q t rises up to t = e^(q/p) and is flat about
there: a constant falls behind it only later, and cannot in all six windows, the first of which is
T/400 to T/40, at T = 400, nor behind log^2 t / t at 1,000. From 10,000 on it is named under noise
up to 0.05. Noise of 0.2 hides it from the judge of a single run: the slope over a decade is then
uncertain by a good part of what a constant falls behind. A growing run is named from 10,000 on,
under that noise too but for a tenth at most. exp(-t/100) as stated needs a horizon over which it
falls by more than the noise, 1,000 or 10,000. Against *some exponential* a constant that is noisy
is not resolvable at any horizon: it is one whose rate is too small to see."""

KEPT = """\
**Is a bad run called good?** Runs that do not follow the law and are said to keep it, over all
horizons, sizes and kinds of noise; and how many of the stalling ones are named:"""

KEPT_READ = """\
**Where it falls short.** A run is kept in company if its last decade, both halves of it, and the
last two decades together lie where those of the others do. Under noise of 0.2 and correlation 0.9
the others spread so widely that some constants pass for one of them against log^2 t / t: 53 of 280
among 20 runs and more at T = 400, 4 of 250 at 1,000, none later. Noise of 0.05 and white noise keep
none. Against *some exponential* runs are compared by their decay rate too; if half of them are
constant and the noise is common to all, there is no other half to stand out from, and one in four
is kept. Of powers a run that stalls is undecided, since the first windows still follow the law; a
stated exponential is measured in octaves and names it."""

ALL_GOOD = """\
**What do good runs get?** Experiments without a bad run that are consistent, in per cent, S = 8 /
S = 400; the others are inconclusive:"""

TRANSIENTS = """\
No rule without a constant can tell a late start from a failure. Eight runs follow the law from
step s on only: *plateau*, y = f(max(t, s)), or *shift*, y = f(t + s); {experiments} experiments
at each of T = 1,000, 10,000 and 100,000. Experiments in which a run is named, in per cent, under
noise of 0 / 0.05 / 0.2 (correlation 0.9), or 0 for all three:"""

TRANSIENTS_READ = """\
Without noise no run is named, however late it starts: a drift that shrinks faster and faster comes
to its end. Under noise one that is shifted by T/50 and more may be, since its drift, which fades by
just the share that is asked, seems now and then to last, and one that starts at T/2 is.
Exponentials forget a late start. A run that is not named is kept where s is small, and undecided
beyond."""

ENSEMBLES = """\
A claim about an expectation is judged by its sample, and names no run. With ln y = ln f + a
normal number of variance v, E y = f e^(v/2) exactly: the exact bound must not be called broken.
With one constant run, or with half of them, the expectation does not decay, and the claimed rate
is false. T = 10,000, noise 0.05 and 0.2. Rates: contradicted / inconclusive / consistent, in per
cent."""

ENSEMBLES_READ = """\
The rate is that of the logarithm of the mean, with its jackknife error: one constant run of 400
rules the expectation, and no such sample is called consistent. The bound is granted at each step
what Student's t with S - 1 degrees of freedom passes at any recorded step once in a hundred
samples."""

SAMPLES = """\
Laws of a mean, a probability, its decay, and the power of a swept value, held against samples of S
runs that keep them exactly, and against a law that they do not keep. What a run draws it keeps
along the whole grid or axis (*one number a run*), or draws anew (*a number a place*). 2,000 samples
of 32 and of 100 runs, 500 of 1,000; the probability that decays starts at .5 and is zero in most
counts of the second half of the record."""

SAMPLES_READ = """\
A true law that is not consistent is inconclusive: its sample does not resolve it. A mean must be
known to a fifth, a probability to a fifth or .05, a decay rate to a fifth. The powers that are true
here are claimed as one number, to which no sample is ever narrow enough: a claim gives a range, and
this is its edge. So is P >= .9 where P is .9."""

EQUALITIES = """\
y -> C f(t) with C stated: f = 1 / t^2, S = 1, 3 and 8 runs with constants of their own, a claim
that starts at step 100 and gives a tolerance of 1 % or 5 %; T = 130 (five recorded steps from the
start on), 300, 1,000, 10,000 and 100,000; noise of sd 0, 0.01, 0.05 and 0.2, white or of
correlation 0.9. A transient is half the tolerance at step 100, or five times as much (*not
over*): then the claim starts too early, which is no reason to call its limit wrong. {experiments}
experiments in each place, {without} without noise.

**Comes to it.** Contradicted, by S, and said to hold, under noise of 0 / 0.01 / 0.05 / 0.2:"""

EQUALITIES_FALSE = """\
**Does not.** Contradicted, in per cent, under noise of 0 / 0.01 / 0.05 / 0.2, by tolerance:"""

EQUALITIES_READ = """\
*Holds* asks that every recorded step is within the tolerance: noise of its size, or a start that
is too early, leaves a true limit inconclusive. A run that is outside is contradicted only where
what separates it from its limit lasts: in the last two quarters of log-time since the start
beyond the tolerance on one side by more than noise may do, and at the end at least as large as a
gap that closes like t^-1/4. Where one recorded step outside is enough, noise and early starts
contradict nine in ten of the true limits above.

A constant that is off by 2 % or 5 % is within a tolerance of 5 %, and rightly holds; so does, to
its horizon, what has not left the tolerance yet (a wrong power or log at T = 130), and what a
transient covers up there. Without noise every constant off by more than the tolerance is
contradicted from T = 130 on, with a transient of its own size mostly from 1,000 on and always
from 10,000 on; a wrong power or log takes a decade from the start, as over less a slow
oscillation looks the same. Noise of 0.05 hides 2 % and mostly 5 %, noise of 0.2 mostly 20 % too:
the noise may be correlated, and that few steps cannot rule out. From a decade on, a gap that closes
like 1 / sqrt(log t) or faster is undecided: it may close for ever. One that closes more slowly
counts as lasting: no record can tell it from one that stays.

Limits that their sources state without a rate (`soft.*`) are not among these: a constant would
satisfy such a claim at every finite horizon, so it is reported (*does not apply*) and never judged;
the tests hold them against curves that fall, that stay, and that grow."""

SYSTEMS = """\
Simulated step by step, six runs each. Every system is held against its proved rate and against
one that it does not have; normalised descent on collocations is the lab's own model and optimiser
under the lab's own claims. The last system breaks Proposition 1 on purpose: the theorem does not
apply to it, and without its hypotheses the bound is broken."""

DEFECTS = """\
A defect must make the record invalid, change its verdict, or shorten what is judged. The missing
decade and the cut are found because the promised schedule is checked; steps, constants and
rounding because the closed forms of the first stage are exact."""

LIMITS = """\
Noise is on the recorded steps and its correlation is per recorded step, as in a record. Families
are curves one thinks of beforehand: a transient that lasts to the horizon, or a wobble slower
than the windows, contradicts a true law at any horizon, and no rule without a constant can tell.
Common practice is a caricature in that its users look at the curve too."""
