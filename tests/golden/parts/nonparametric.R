# r/nonparametric.json: curves, quantiles and tests of published data sets, and edges of the formulas.
conf_types <- c("log", "log-log", "plain", "logit", "arcsin")

columns_of <- function(fit) {
  list(time = fit$time, n_risk = fit$n.risk, n_event = fit$n.event, n_censor = fit$n.censor, survival = fit$surv,
       std_error = fit$std.err * fit$surv, conf_low = fit$lower, conf_high = fit$upper)
}
curve_of <- function(y, conf_type) survfit(y ~ 1, conf.type = conf_type)
by_type <- function(what, y, ...) sapply(conf_types, function(type) what(curve_of(y, type), ...), simplify = FALSE)
quartiles <- function(fit) {
  found <- quantile(fit, c(.25, .5, .75))
  list(p = c(.25, .5, .75), estimate = unname(found$quantile), conf_low = unname(found$lower),
       conf_high = unname(found$upper))
}
read_at <- function(fit, times) {
  found <- summary(fit, times = times)
  list(time = times, survival = found$surv, std_error = found$std.err, conf_low = found$lower,
       conf_high = found$upper, n_risk = found$n.risk)
}

# Median with the log interval, and mean up to the last time of the group's own curve.
medians <- function(y, group) {
  lapply(split(seq_along(group), group), function(rows) {
    f <- summary(curve_of(y[rows], "log"), rmean = "individual")$table
    list(n = f[["records"]], n_event = f[["events"]], median = f[["median"]], conf_low = f[["0.95LCL"]],
         conf_high = f[["0.95UCL"]], mean = f[["rmean"]], mean_std_error = f[["se(rmean)"]])
  })
}
log_rank <- function(y, group) {
  fit <- survdiff(y ~ group)
  df <- sum(fit$exp > 0) - 1
  list(group = sub("group=", "", names(fit$n)), n = as.vector(fit$n), observed = fit$obs, expected = fit$exp,
       variance = unname(fit$var), statistic = fit$chisq, df = df, p_value = pchisq(fit$chisq, df, lower.tail = FALSE))
}

l <- data.frame(time = lung$time, event = lung$status - 1, sex = lung$sex, ecog = lung$ph.ecog)
v <- data.frame(time = veteran$time, event = veteran$status, trt = veteran$trt,
                celltype = as.character(veteran$celltype))
y_lung <- Surv(l$time, l$event)
y_veteran <- Surv(v$time, v$event)

six_mp <- list(time = c(6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35),
               event = c(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0))
placebo <- list(time = c(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23), event = rep(1, 21))
remission <- list(time = c(six_mp$time, placebo$time), event = c(six_mp$event, placebo$event),
                  placebo = rep(0:1, each = 21))
y_remission <- Surv(remission$time, remission$event)
remission_coef <- function(ties) {
  as.numeric(coef(coxph(y_remission ~ remission$placebo, ties = ties, control = exactly)))
}
# Median and interval by the formula of SPSS; these are not printed by SPSS.
spss_formula <- function(arm) {
  fit <- curve_of(Surv(arm$time, arm$event), "plain")
  table <- summary(fit, rmean = "individual")$table
  c(as.list(spss_median(fit)), mean = table[["rmean"]], mean_std_error = table[["se(rmean)"]])
}

ends_at_zero <- list(time = c(1, 2, 2, 3, 4), event = c(1, 1, 0, 1, 1))
event_at_zero <- list(time = c(0, 0, 3, 5, 8), event = c(1, 0, 1, 1, 0))
half <- c(1, 2, 3, 4)
half_curve <- curve_of(Surv(half, rep(1, 4)), "log")
near <- list(time = c(0.1 + 0.2, 0.3, 1, 1.5, 2, 2.5), event = c(1, 1, 1, 0, 1, 1))
z <- c(5.787, 12, 38, 40)

write_golden(list(
  source = source_of("data: lung (cancer) and veteran of that package; freireich: Freireich EJ, et al. Blood ",
                     "1963;21:699-716"),
  lung = list(data = as.list(l), curve = columns_of(curve_of(y_lung, "log")), quartiles = by_type(quartiles, y_lung),
              survival_at = by_type(read_at, y_lung, c(180, 365, 730)), medians_sex = medians(y_lung, l$sex),
              log_rank_sex = log_rank(y_lung, l$sex), log_rank_ecog = log_rank(y_lung, l$ecog)),
  veteran = list(data = as.list(v), medians_celltype = medians(y_veteran, v$celltype),
                 log_rank_trt = log_rank(y_veteran, v$trt), log_rank_celltype = log_rank(y_veteran, v$celltype)),
  freireich = list(data = remission, log_rank = log_rank(y_remission, remission$placebo),
                   cox_breslow = remission_coef("breslow"), cox_efron = remission_coef("efron"),
                   spss_formula = list(six_mp = spss_formula(six_mp), placebo = spss_formula(placebo))),
  ends_at_zero = list(data = ends_at_zero, curves = by_type(columns_of, do.call(Surv, unname(ends_at_zero)))),
  median_half = list(time = half, midpoint = as.numeric(quantile(half_curve, .5)$quantile),
                     first_time = half[which(half_curve$surv <= .5 + 1e-8)[1]]),
  event_at_zero = list(data = event_at_zero, curve = columns_of(curve_of(do.call(Surv, unname(event_at_zero)), "log"))),
  timefix = c(near, n_times = length(curve_of(do.call(Surv, unname(near)), "log")$time)),
  pvals = list(z = z, two_sided = 2 * pnorm(-z), log10_p = (log(2) + pnorm(-z, log.p = TRUE)) / log(10))
), "nonparametric.json")
