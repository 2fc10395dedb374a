# Rules of SPSS carried out with R: the symmetric interval of a median, and stepwise Cox regression (FSTEP, BSTEP).
# Sources: IBM SPSS Statistics, COXREG, METHOD subcommand; Klein JP, Moeschberger ML. Survival Analysis. 2nd ed. 2003,
# p. 122; Lawless JF, Singhal K. Biometrics 1978;34:318-327 (conditional estimates).
exactly <- suppressWarnings(coxph.control(eps = 1e-14, iter.max = 50))
not_at_all <- coxph.control(iter.max = 0)

# From event times only; the factor is 1.96, not 1.959964.
spss_median <- function(fit) {
  e <- fit$n.event > 0
  t <- fit$time[e]; s <- fit$surv[e]; se <- s * fit$std.err[e]
  at <- which(s <= .5 + 1e-8)[1]; u <- rev(which(s >= .55 - 1e-8))[1]; l <- which(s <= .45 + 1e-8)[1]
  std_error <- se[at] / ((s[u] - s[l]) / (t[l] - t[u]))
  c(median = t[at], std_error = std_error, conf_low = t[at] - 1.96 * std_error, conf_high = t[at] + 1.96 * std_error)
}

# Fit the blocks (matrices by name) of `y`; `...` may hold `init` and `control`.
fit_blocks <- function(y, blocks, ties, control = exactly, ...) {
  if (!length(blocks)) return(coxph(y ~ 1, ties = ties))
  x <- do.call(cbind, unname(blocks))
  fit <- coxph(y ~ x, ties = ties, control = control, ...)
  stopifnot(!anyNA(coef(fit)))
  fit
}
last_log_likelihood <- function(fit) fit$loglik[length(fit$loglik)]
tested <- function(statistic, df) {
  list(statistic = statistic, df = df, p = pchisq(statistic, df, lower.tail = FALSE),
       log_p = pchisq(statistic, df, lower.tail = FALSE, log.p = TRUE))
}

# The score test of `new` blocks given the fitted `old` ones: that of the joint model at (estimates of `old`, 0).
score_test <- function(y, old, new, fit, ties) {
  added <- sum(sapply(new, ncol))
  joint <- fit_blocks(y, c(old, new), ties, control = not_at_all, init = c(unname(coef(fit)), rep(0, added)))
  tested(joint$score, added)
}

# The test that a block of the fitted model can leave.
removal_test <- function(y, blocks, term, fit, ties, criterion) {
  gone <- rep(names(blocks) == term, sapply(blocks, ncol))
  rest <- blocks[names(blocks) != term]
  b <- unname(coef(fit)); covariance <- unname(vcov(fit))
  pull <- solve(covariance[gone, gone, drop = FALSE], b[gone])
  lower <- switch(criterion,
    wald = NULL,
    "likelihood-ratio" = last_log_likelihood(fit_blocks(y, rest, ties)),
    conditional = if (!length(rest)) fit$loglik[1] else {
      moved <- b[!gone] - drop(covariance[!gone, gone, drop = FALSE] %*% pull)
      fit_blocks(y, rest, ties, control = not_at_all, init = moved)$loglik[1]
    })
  tested(if (is.null(lower)) sum(b[gone] * pull) else 2 * (last_log_likelihood(fit) - lower), sum(gone))
}

# The path of a selection, step by step. `met` holds every set of terms evaluated, the first one too.
# `stop`: "no entry" (no P below enter), "all in" (nothing left to enter) or "met before".
select_terms <- function(y, blocks, ties, direction, criterion, enter, remove) {
  key <- function(set) paste(sort(set), collapse = " + ")
  fit_of <- function(set) fit_blocks(y, blocks[set], ties)
  deviance_of <- function(fit) -2 * last_log_likelihood(fit)
  inside <- if (direction == "backward") names(blocks) else character()
  fit <- fit_of(inside)
  null <- -2 * fit$loglik[1]
  met <- key(inside)
  steps <- list()
  note <- function(action, term = "", next_fit = fit, ...) {
    found <- list(action = action, term = term, model = I(inside), minus_2_log_likelihood = deviance_of(next_fit),
                  improvement = (if (action == "start") null else deviance_of(fit)) - deviance_of(next_fit), ...)
    steps[[length(steps) + 1]] <<- found
    fit <<- next_fit
    if (nzchar(term)) met <<- c(met, key(inside))
  }
  log_p <- function(tests) sapply(tests, function(t) t$log_p)
  enter_one <- function() {
    outside <- setdiff(names(blocks), inside)
    if (!length(outside)) { note("stop"); return("all in") }
    tests <- sapply(outside, function(v) score_test(y, blocks[inside], blocks[v], fit, ties), simplify = FALSE)
    residual <- score_test(y, blocks[inside], blocks[outside], fit, ties)
    best <- names(which.min(log_p(tests)))
    why <- if (tests[[best]]$p >= enter) "no entry" else if (key(c(inside, best)) %in% met) "met before" else ""
    if (nzchar(why)) note("stop", candidates = tests, residual = residual) else {
      inside <<- c(inside, best)
      note("enter", best, fit_of(inside), candidates = tests, residual = residual)
    }
    why
  }
  remove_all <- function() {
    while (length(inside)) {
      tests <- sapply(inside, function(v) removal_test(y, blocks[inside], v, fit, ties, criterion), simplify = FALSE)
      worst <- names(which.max(log_p(tests)))
      smaller <- setdiff(inside, worst)
      why <- if (tests[[worst]]$p < remove) "kept" else if (key(smaller) %in% met) "met before" else ""
      if (nzchar(why)) { note("removal-test", removals = tests); return(if (why == "kept") "" else why) }
      inside <<- smaller
      note("remove", worst, fit_of(inside), removals = tests)
    }
    ""
  }
  why <- ""
  if (direction == "backward") { note("start"); why <- remove_all() }
  while (!nzchar(why)) {
    why <- enter_one()
    if (!nzchar(why)) why <- remove_all()
  }
  list(selected = inside, fit = fit, null = null, steps = steps, stop = why)
}
