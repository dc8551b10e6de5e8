// The roles of tokens, as every view of the study tells them.
"use strict";
(() => {
  // How a role is told: by mark, by line and by pattern, so that colour only helps.
  const role = (name, sign, dash, pattern) => ({ mark: sign, dash, pattern, get colour() { return ntp.colour(`role-${name}`); } });
  ntp.ROLES = {
    optimal: role("optimal", "★", null, ""),
    confused: role("confused", "◆", "5 3", "/"),
    "non-comparable": role("non-comparable", "○", "1.5 3", "."),
    "non-optimal": role("non-optimal", "", null, "\\"),
  };
})();
