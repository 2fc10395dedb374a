# r/entry.json: patients who come under observation late: curves, quantiles, tests, follow-up and restricted means.
conf_types <- c("log", "log-log", "plain", "logit", "arcsin")

# At risk at t: who entered before t and is still there; at 0 those who entered at 0. Written out, since summary.survfit
# gives the number at risk at the next time of an event or a censoring.
at_risk <- function(d, times) sapply(times, function(t) sum((d$entry < t | d$entry == 0) & d$time >= t))
columns_of <- function(fit) {
  list(time = fit$time, n_risk = fit$n.risk, n_event = fit$n.event, n_censor = fit$n.censor, survival = fit$surv,
       std_error = fit$std.err * fit$surv, conf_low = fit$lower, conf_high = fit$upper)
}
curves_of <- function(d, times) {
  y <- Surv(d$entry, d$time, d$event)
  each <- sapply(conf_types, function(type) {
    fit <- survfit(y ~ 1, conf.type = type)
    q <- quantile(fit, c(.25, .5, .75))
    at <- summary(fit, times = times)
    list(curve = columns_of(fit), quartiles = list(p = c(.25, .5, .75), estimate = unname(q$quantile),
         conf_low = unname(q$lower), conf_high = unname(q$upper)),
         at = list(survival = at$surv, std_error = at$std.err, conf_low = at$lower, conf_high = at$upper))
  }, simplify = FALSE)
  rows <- sort(unique(c(d$time, d$entry[d$entry > 0])))
  list(data = d, times = times, n_risk_at = at_risk(d, times), rows = rows, n_risk = at_risk(d, rows),
       n_enter = sapply(rows, function(t) sum(d$entry == t)), types = each)
}

weights <- list("log-rank" = function(n, before) 1, "breslow" = function(n, before) n,
                "tarone-ware" = function(n, before) sqrt(n), "peto-peto" = function(n, before) before,
                "fh_1_2" = function(n, before) before * (1 - before)^2)
tests_of <- function(d) {
  sums <- lapply(weights, function(weight) {
    found <- written_out(d, weight)
    scores <- seq_along(found$observed)
    c(found, trend = trend_of(found, scores))
  })
  pairs <- combn(sort(unique(d$group)), 2, simplify = FALSE)
  of_pair <- function(pair) written_out(as.list(as.data.frame(d)[d$group %in% pair, ]), weights[["log-rank"]])$statistic
  # Cox's score test: with exact ties it is the log-rank test, without ties Breslow's is too.
  y <- Surv(d$entry, d$time, d$event)
  score <- function(ties) {
    fit <- if (length(unique(d$stratum)) > 1) coxph(y ~ factor(d$group) + strata(d$stratum), ties = ties)
           else coxph(y ~ factor(d$group), ties = ties)
    fit$score
  }
  list(data = d, weights = sums, pairs = sapply(pairs, of_pair), score_exact = score("exact"), score_breslow = score("breslow"))
}

follow_up_of <- function(d) {
  watched <- d$time - d$entry
  fit <- survfit(Surv(watched, 1 - d$event) ~ 1, conf.type = "log-log")
  c(columns_of(fit), median = unname(quantile(fit, .5)$quantile), observed_median = median(watched))
}
mean_of <- function(d, tau) {
  found <- summary(survfit(Surv(d$entry, d$time, d$event) ~ 1), rmean = tau)$table
  list(tau = tau, mean = found[["rmean"]], std_error = found[["se(rmean)"]])
}

h <- heart[heart$start < heart$stop, ]
transplant <- list(entry = h$start, time = h$stop, event = h$event, group = as.integer(h$transplant == 1), stratum = rep(1, nrow(h)))
set.seed(20)
n <- 90
tied <- list(time = sample(4:24, n, TRUE))
tied$entry <- pmax(0, tied$time - sample(1:20, n, TRUE))
tied$event <- rbinom(n, 1, .65)
tied$group <- sample(1:3, n, TRUE)
tied$stratum <- rep(1, n)
stratified <- modifyList(tied, list(stratum = sample(1:2, n, TRUE)))
apart <- list(entry = round(runif(60, 0, 5), 3))
apart$time <- apart$entry + round(rexp(60, .2), 4) + .0001
apart$event <- rbinom(60, 1, .7)
apart$group <- rep(1:2, 30)
apart$stratum <- rep(1, 60)

edges <- list(
  falls_to_zero = list(entry = c(0, 0, 2, 3, 4, 5), time = c(2, 2, 6, 8, 9, 7.5), event = c(1, 1, 1, 1, 0, 1)),
  nobody_there = list(entry = c(0, 0, 3, 3, 4, 5), time = c(1, 2, 6, 8, 9, 7.5), event = c(1, 0, 1, 1, 0, 1)),
  enters_on_the_day_of_an_event = list(entry = c(0, 0, 0, 4, 4, 6), time = c(4, 6, 9, 6, 8, 7), event = c(1, 1, 0, 1, 0, 1)),
  first_enters_late = list(entry = c(3, 3, 5, 6), time = c(4, 7, 8, 9), event = c(1, 1, 0, 1)),
  ends_in_an_event = list(entry = c(0, 1, 1, 2), time = c(3, 4, 5, 5), event = c(1, 0, 1, 1))
)
times_of <- function(d) {
  times <- if (length(d$time) > 10) c(.5, 3, 5.25, 12, 30, 90.5, 365, 1000) else c(.5, d$entry, d$time, d$time + .25)
  sort(unique(c(0, times[times <= max(d$time)])))
}
cases <- c(edges, list(transplant = transplant, tied = tied, apart = apart))
means <- list(transplant = c(30, 200.5, 1000), tied = c(6, 15.5, 24), apart = c(2, 9), ends_in_an_event = c(3.5, 5, 7))

write_golden(list(
  source = source_of("heart of that package, simulated, and made up; number at risk, log-rank and weighted tests written out"),
  curves = lapply(cases, function(d) curves_of(d, times_of(d))),
  tests = lapply(list(transplant = transplant, tied = tied, stratified = stratified, apart = apart), tests_of),
  follow_up = lapply(list(transplant = transplant, tied = tied), follow_up_of),
  restricted_means = lapply(setNames(nm = names(means)), function(name) {
    lapply(means[[name]], function(tau) mean_of(cases[[name]], tau))
  })), "entry.json")
