# Sums of a weighted log-rank test from the definition, time by time: for weights that survdiff does not have, and for
# patients who enter late, whom it does not take. `d` has time, event, group, stratum, and entry or not.
written_out <- function(d, weight) {
  under <- function(t) if (is.null(d$entry)) TRUE else d$entry < t
  groups <- sort(unique(d$group))
  observed <- expected <- numeric(length(groups))
  variance <- matrix(0, length(groups), length(groups))
  for (s in sort(unique(d$stratum))) {
    before <- 1
    for (t in sort(unique(d$time[d$event == 1 & d$stratum == s]))) {
      own <- d$stratum == s
      risk <- sapply(groups, function(g) sum(own & d$group == g & under(t) & d$time >= t))
      events <- sapply(groups, function(g) sum(own & d$group == g & d$time == t & d$event == 1))
      n <- sum(risk)
      k <- sum(events)
      w <- weight(n, before)
      observed <- observed + w * events
      expected <- expected + w * k * risk / n
      if (n > 1) {
        share <- risk / n
        variance <- variance + w^2 * k * (n - k) / (n - 1) * (diag(share) - outer(share, share))
      }
      before <- before * (1 - k / n)
    }
  }
  difference <- observed - expected
  list(observed = observed, expected = expected, variance = variance,
       statistic = as.numeric(difference[-1] %*% solve(variance[-1, -1], difference[-1])))
}
trend_of <- function(sums, scores) {
  sum(scores * (sums$observed - sums$expected))^2 / as.numeric(scores %*% sums$variance %*% scores)
}
