# r/rank_tests.json: weighted log-rank tests, stratified and for a trend; restricted means.
sums_of <- function(fit) {
  observed <- if (is.matrix(fit$obs)) rowSums(fit$obs) else fit$obs
  expected <- if (is.matrix(fit$exp)) rowSums(fit$exp) else fit$exp
  list(observed = as.vector(observed), expected = as.vector(expected), variance = unname(fit$var), statistic = fit$chisq)
}

l <- lung[!is.na(lung$ph.ecog), ]
cases <- list(
  lung_sex = list(time = lung$time, event = lung$status - 1, group = lung$sex, stratum = rep(1, nrow(lung))),
  lung_sex_by_ecog = list(time = l$time, event = l$status - 1, group = l$sex, stratum = l$ph.ecog),
  veteran_cell = list(time = veteran$time, event = veteran$status, group = as.integer(veteran$celltype),
                      stratum = rep(1, nrow(veteran))),
  veteran_cell_by_trt = list(time = veteran$time, event = veteran$status, group = as.integer(veteran$celltype),
                             stratum = veteran$trt)
)
tested <- lapply(cases, function(case) {
  own <- function(weight) written_out(case, weight)
  rs <- function(rho) {
    y <- Surv(case$time, case$event)
    one <- length(unique(case$stratum)) == 1
    g <- case$group
    s <- case$stratum
    sums_of(if (one) survdiff(y ~ g, rho = rho) else survdiff(y ~ g + strata(s), rho = rho))
  }
  scores <- seq_along(unique(case$group))
  weights <- list(
    "log-rank" = rs(0), "peto-peto" = rs(1), "fh_0.5_0" = rs(.5),
    "breslow" = own(function(n, before) n), "tarone-ware" = own(function(n, before) sqrt(n)),
    "fh_0_1" = own(function(n, before) 1 - before), "fh_1_2" = own(function(n, before) before * (1 - before)^2)
  )
  c(case, list(weights = lapply(weights, function(sums) c(sums, trend = trend_of(sums, scores)))))
})

# Mean up to tau from survfit's own rmean, whose standard error has no factor d/(d - 1).
means <- function(time, event, tau) {
  f <- summary(survfit(Surv(time, event) ~ 1), rmean = tau)$table
  list(tau = tau, mean = f[["rmean"]], std_error = f[["se(rmean)"]])
}
restricted <- lapply(c(100, 365, 500.5), function(tau) {
  arms <- lapply(split(lung, lung$sex), function(arm) means(arm$time, arm$status - 1, tau))
  list(tau = tau, all = means(lung$time, lung$status - 1, tau), first = arms[[1]], second = arms[[2]])
})
write_golden(list(
  source = source_of("data sets of that package, survdiff, survfit; Breslow and Tarone-Ware written out"),
  tests = tested, restricted_means = restricted), "rank_tests.json")
