# Does this run again in R and compares: medians, survival at times, log-rank tests, restricted means, cumulative
# incidence, Cox models and their checks. What the package survival cannot do again is named at the end.
# Run it by "Rscript verify.R". It reads results.csv, levels.csv and the rows of private/datasets, and writes nothing.
# It needs R and its recommended package survival. Exit status: 0 all agree, 1 not all agree, 2 nothing was compared.

# CHOICES
tolerance <- 1e-6  # largest deviation allowed: relative, and absolute for values below 1

options(error = quote(quit(status = 2)))  # whatever else goes wrong: R says what, and nothing was compared
stop_with <- function(...) { message(...); quit(status = 2) }
if (!requireNamespace("survival", quietly = TRUE)) stop_with("verify.R: the R package survival is not installed")
library(survival)
file <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
here <- if (length(file)) dirname(gsub("~+~", " ", file[1], fixed = TRUE)) else "."  # Rscript writes a space as ~+~
private <- file.path(here, "private", "datasets")
if (!file.exists(file.path(private, "adtte.csv")))
  stop_with("verify.R: private/datasets/adtte.csv is not here; without the patients' rows nothing can be done again")

read_text <- function(...) {
  table <- read.csv(file.path(...), colClasses = "character", na.strings = character(), check.names = FALSE, encoding = "UTF-8")
  table[] <- lapply(table, function(x) sub("^'([-=+@])", "\\1", x))  # a quote keeps spreadsheets from running a cell
  table
}
results <- read_text(here, "results.csv")
factor_levels <- read_text(here, "levels.csv")
adtte <- read_text(private, "adtte.csv")
keys <- c("analysis", "model", "endpoint", "group", "variable", "level", "time", "statistic")
results$key <- do.call(paste, c(results[keys], sep = ","))
rows_of <- function(analysis, columns) unique(results[results$analysis == analysis, columns])
without_maximum <- "no finite estimate"  # of such a model only what is finite can be compared
# What R finds, each number with the kind it is listed under and its key in results.csv.
found <- list()
put <- function(kind, statistic, value, analysis, model = "", endpoint = "", group = "", variable = "", level = "", time = "") {
  key <- paste(analysis, model, endpoint, group, variable, level, time, statistic, sep = ",")
  found[[length(found) + 1]] <<- list(kind = kind, key = key, value = as.numeric(value))
}
put_all <- function(kind, values, ...) for (s in names(values)) put(kind, s, values[[s]], ...)
put_test <- function(kind, chisq, df, ...) {
  log_p <- pchisq(chisq, df, lower.tail = FALSE, log.p = TRUE)
  put_all(kind, list(statistic = chisq, df = df, p_value = exp(log_p), log10_p = log_p / log(10)), ...)
}

# ---- Kaplan-Meier and log-rank ----
near <- 1e-8  # numbers so close are one
outcome_of <- function(rows) {  # who has an entry is at risk from it on
  time <- as.numeric(rows$AVAL); event <- as.numeric(rows$CNSR == 0)
  if (is.null(rows$ENTRY) || any(rows$ENTRY == "")) Surv(time, event) else Surv(as.numeric(rows$ENTRY), time, event)
}
is_late <- function(y) ncol(y) == 3
time_of <- function(y) y[, ncol(y) - 1]
event_of <- function(y) y[, ncol(y)]
watched <- function(y) if (is_late(y)) time_of(y) - y[, 1] else time_of(y)
curve_of <- function(y) survfit(y ~ 1, conf.type = conf_type, conf.int = conf_level)
median_of <- function(fit) {
  if (median_conf == "spss") {  # symmetric: Greenwood's error over the slope of the curve between 0.55 and 0.45
    event <- fit$n.event > 0
    t <- fit$time[event]; s <- fit$surv[event]; se <- s * fit$std.err[event]
    at <- which(s <= 0.5 + near)[1]; low <- which(s <= 0.45 + near)[1]; up <- rev(which(s >= 0.55 - near))[1]
    error <- se[at] * (t[low] - t[up]) / (s[up] - s[low])
    return(list(median = t[at], std_error = error, conf_low = t[at] - 1.96 * error, conf_high = t[at] + 1.96 * error))
  }
  half <- function(s) { at <- which(s <= 0.5 + near); fit$time[at[which.max(s[at])]][1] }
  q <- if (at_half == "midpoint") unname(unlist(quantile(fit, 0.5))) else c(half(fit$surv), half(fit$lower), half(fit$upper))
  list(median = q[1], std_error = NA, conf_low = q[2], conf_high = q[3])
}
survival_at <- function(fit, y, time) {  # 1 before the first time, nothing past the last one
  near <- near * max(1, time)
  row <- sum(fit$time <= time + near)
  if (time > max(fit$time) + near) return(list(surv = NA, conf_low = NA, conf_high = NA, std_error = NA, n_risk = 0))
  read <- function(values, before) 100 * c(before, values)[row + 1]
  entered <- if (is_late(y)) y[, 1] < time - near | y[, 1] == 0 else TRUE
  list(surv = read(fit$surv, 1), conf_low = read(fit$lower, 1), conf_high = read(fit$upper, 1),
       std_error = read(fit$surv * fit$std.err, 0), n_risk = sum(entered & time_of(y) >= time - near))
}
days <- c(DAYS = 1, WEEKS = 7, MONTHS = 30.4375, YEARS = 365.25)
outcome <- list(); scale <- list()
own_rule <- results$analysis == "survival" & results$model == "" & results$statistic == "median"
for (e in intersect(unique(adtte$PARAMCD), results$endpoint[own_rule])) {
  rows <- adtte[adtte$PARAMCD == e, ]
  reported <- toupper(results$unit[own_rule & results$endpoint == e])
  outcome[[e]] <- outcome_of(rows)
  scale[[e]] <- if (reported == rows$AVALU[1]) 1 else days[[rows$AVALU[1]]] / days[[reported]]
  y <- outcome[[e]]; fit <- curve_of(y)
  put_all("counts", list(n = nrow(y), n_event = sum(event_of(y))), "survival", endpoint = e)
  put_all("medians", lapply(median_of(fit), `*`, scale[[e]]), "survival", endpoint = e)
  followed <- lapply(median_of(curve_of(Surv(watched(y), 1 - event_of(y)))), `*`, scale[[e]])
  put_all("follow-up", followed, "follow_up", endpoint = e, level = "reverse-km")
  observed <- list(median = median(watched(y)), min = min(watched(y)), max = max(watched(y)))
  put_all("follow-up", lapply(observed, `*`, scale[[e]]), "follow_up", endpoint = e, level = "observed")
  for (t in unique(results$time[results$analysis == "survival_at"]))
    put_all("survival at times", survival_at(fit, y, as.numeric(t) / scale[[e]]), "survival_at", endpoint = e, time = t)
}
rho_of <- c("log-rank" = 0, "peto-peto" = 1)  # the weighted tests that survdiff can do
weight_of <- list("log-rank" = function(n, before) 1, "peto-peto" = function(n, before) before,
                  "breslow" = function(n, before) n, "tarone-ware" = function(n, before) sqrt(n))
sums_of <- function(y, g, s, weigh) {  # survdiff takes no entries and has two weights, so its sums are written out
  start <- if (is_late(y)) y[, 1] else rep(-Inf, nrow(y))
  obs <- exp <- setNames(numeric(nlevels(g)), levels(g)); var <- matrix(0, nlevels(g), nlevels(g))
  s <- if (is.null(s)) rep("", nrow(y)) else s
  for (own in split(seq_len(nrow(y)), s)) {
    before <- 1
    for (t in sort(unique(time_of(y)[own][event_of(y)[own] == 1]))) {
      at_risk <- tapply(start[own] < t & time_of(y)[own] >= t, g[own], sum, default = 0)
      events <- tapply(event_of(y)[own] == 1 & time_of(y)[own] == t, g[own], sum, default = 0)
      n <- sum(at_risk); d <- sum(events); share <- c(at_risk / n); w <- weigh(n, before)
      obs <- obs + w * c(events); exp <- exp + w * d * share
      if (n > 1) var <- var + w^2 * d * (n - d) / (n - 1) * (diag(share) - outer(share, share))
      before <- before * (1 - d / n)
    }
  }
  rest <- which(exp > 0)[-1]; off <- (obs - exp)[rest]
  list(obs = obs, exp = exp, var = var, chisq = drop(off %*% solve(var[rest, rest, drop = FALSE], off)))
}
rank_test <- function(y, group, wanted, how, scores = NULL) {  # within strata; with scores for a trend over the levels
  in_it <- group %in% wanted; g <- factor(group[in_it]); s <- how$strata[in_it]
  form <- if (is.null(s)) y[in_it] ~ g else y[in_it] ~ g + strata(s)
  by_hand <- is_late(y) || !how$test %in% names(rho_of)
  test <- tryCatch(suppressWarnings(if (by_hand) sums_of(y[in_it], g, s, weight_of[[how$test]]) else
                                    survdiff(form, rho = rho_of[[how$test]])), error = function(e) NULL)
  total <- function(counts) if (is.matrix(counts)) rowSums(counts) else counts
  counted <- sum(total(test$exp) > 0)
  if (counted < 2) return(list(chisq = NA, df = NA))
  if (is.null(scores)) return(list(chisq = test$chisq, df = counted - 1))
  s <- scores[levels(g)]
  list(chisq = sum(s * total(test$obs - test$exp))^2 / drop(s %*% test$var %*% s), df = 1)
}
left_out <- character()  # what survival cannot do again
others <- rows_of("survival", c("model", "endpoint"))  # an endpoint by other rules of censoring, in its own unit
others <- others[others$model != "", ]
for (k in seq_len(nrow(others))) {
  e <- others$endpoint[k]; rows <- adtte[adtte$PARAMCD == paste(e, others$model[k], sep = "_") & adtte$AVAL != "", ]
  y <- Surv(as.numeric(rows$AVAL), as.numeric(rows$CNSR == 0))
  at <- list("survival", model = others$model[k], endpoint = e)
  do.call(put_all, c("counts", list(list(n = nrow(y), n_event = sum(y[, 2]))), at))
  do.call(put_all, c("other rules", list(lapply(median_of(curve_of(y)), `*`, scale[[e]])), at))
}
tables <- rows_of("univariable_km", c("model", "endpoint", "variable"))
for (k in seq_len(nrow(tables))) {
  y <- outcome[[tables$endpoint[k]]]; v <- tables$variable[k]; at <- c("univariable_km", as.list(tables[k, ]))
  group <- adtte[adtte$PARAMCD == tables$endpoint[k], v]
  declared <- factor_levels[factor_levels$variable == v, ]
  present <- intersect(declared$level[order(as.numeric(declared$order))], group)
  for (l in present) {
    do.call(put_all, c("counts", list(list(n = sum(group == l), n_event = sum(event_of(y)[group == l]))), at, level = l))
    found_median <- lapply(median_of(curve_of(y[group == l])), `*`, scale[[tables$endpoint[k]]])
    do.call(put_all, c("medians by level", list(found_median), at, level = l))
  }
  own <- results$key == paste("univariable_km", tables$model[k], tables$endpoint[k], "", v, "", "", "method", sep = ",")
  words <- strsplit(results$text[own], ", stratified by ", fixed = TRUE)[[1]]
  how <- list(test = words[1])
  if (!how$test %in% names(weight_of)) next
  if (length(words) > 1) {
    how$strata <- adtte[adtte$PARAMCD == tables$endpoint[k], words[2]]
    group[how$strata == ""] <- ""; present <- intersect(present, group)
  }
  do.call(put_test, c("log-rank tests", rank_test(y, group, present, how), at))
  scores <- setNames(as.numeric(declared$order), declared$level)
  if (length(present) > 2) do.call(put_test, c("trends", rank_test(y, group, present, how, scores), at, level = "(trend)"))
  pairs <- if (length(present) > 2) combn(present, 2, simplify = FALSE)
  chisq <- vapply(pairs, function(pair) as.numeric(rank_test(y, group, pair, how)$chisq), 0)
  p <- p.adjust(pchisq(chisq, 1, lower.tail = FALSE), pairwise)
  for (i in seq_along(pairs)) {
    between <- paste0(v, "=", paste(pairs[[i]], collapse = "|"))
    do.call(put_all, c("pairwise tests", list(list(statistic = chisq[i], p_value = p[i])), at, group = between))
  }
}

# ---- restricted means, and cumulative incidence where events compete ----
mean_of <- function(y, until) {  # none past the last observed time, unless it is an event
  fit <- survfit(y ~ 1)
  time <- time_of(y)
  if (until < min(time)) return(c(until, 0))
  if (until > max(time) && any(event_of(y)[time == max(time)] == 0)) return(c(NA, NA))
  unname(summary(fit, rmean = until)$table[c("rmean", "se(rmean)")])
}
put_contrast <- function(b, se, scale, ...) {  # a difference; without scale the logarithm of a ratio
  z <- qnorm((1 + conf_level) / 2); limits <- c(estimate = b, conf_low = b - z * se, conf_high = b + z * se)
  if (is.na(scale)) limits <- c(exp(limits), log_estimate = b) else limits <- limits * scale
  p <- list(p_value = 2 * pnorm(-abs(b / se)), std_error = if (is.na(scale)) se else se * scale)
  put_all("restricted means", c(as.list(limits), p), "rmst", ..., level = if (is.na(scale)) "ratio" else "difference")
}
means <- rows_of("rmst", c("endpoint", "variable", "time"))
for (k in seq_len(nrow(means))) {
  e <- means$endpoint[k]; v <- means$variable[k]; y <- outcome[[e]]; until <- as.numeric(means$time[k]) / scale[[e]]
  group <- if (v == "") rep("", nrow(y)) else adtte[adtte$PARAMCD == e, v]
  declared <- factor_levels[factor_levels$variable == v, ]
  present <- if (v == "") "" else intersect(declared$level[order(as.numeric(declared$order))], group)
  each <- lapply(setNames(nm = present), function(l) mean_of(y[group == l], until))
  at <- as.list(means[k, ]); z <- qnorm((1 + conf_level) / 2)
  for (l in present) {
    m <- each[[if (l == "") 1 else l]] * scale[[e]]
    limits <- list(rmst = m[1], std_error = m[2], conf_low = m[1] - z * m[2], conf_high = m[1] + z * m[2])
    do.call(put_all, c("restricted means", list(limits), "rmst", at, level = l))
  }
  for (pair in if (length(present) > 1) combn(present, 2, simplify = FALSE)) {
    a <- each[[pair[1]]]; b <- each[[pair[2]]]; if (anyNA(c(a, b))) next
    between <- c(at, group = paste0(v, "=", paste(pair, collapse = "|")))
    do.call(put_contrast, c(b[1] - a[1], sqrt(a[2]^2 + b[2]^2), scale[[e]], between))
    do.call(put_contrast, c(log(b[1] / a[1]), sqrt((a[2] / a[1])^2 + (b[2] / b[1])^2), NA, between))
  }
}
incidence <- rows_of("incidence", c("endpoint", "group", "variable", "time"))
for (k in which(incidence$time != "")) {
  at <- as.list(incidence[k, ]); rows <- adtte[adtte$PARAMCD == at$endpoint, ]
  if (at$variable != "") rows <- rows[rows[[at$variable]] == sub("^[^=]*=", "", at$group), ]
  state <- factor(rows$CNSR, c("1", "0", "2"), c("censored", "event", "competing")); time <- as.numeric(rows$AVAL)
  fit <- survfit(Surv(time, state) ~ 1, conf.type = incidence_conf, conf.int = conf_level)
  until <- as.numeric(at$time) / scale[[at$endpoint]]; row <- sum(fit$time <= until + near * max(1, until))
  for (kind in c("event", "competing")) {
    read <- function(values) if (until > max(time) + near * max(1, until)) NA else if (row == 0) 0 else 100 * values[row, fit$states == kind]
    whole <- list(incidence = read(fit$pstate))
    if (incidence_variance == "delta") {
      whole$std_error <- read(fit$std.err)
      if (isTRUE(whole$incidence > 0)) whole[c("conf_low", "conf_high")] <- list(read(fit$lower), read(fit$upper))
    }
    do.call(put_all, c("cumulative incidence", list(whole), "incidence", at, level = kind))
  }
}
if (any(results$analysis == "incidence" & results$statistic == "p_value")) left_out <- c(left_out, "Gray's tests")
if (nrow(incidence) && exists("incidence_variance") && incidence_variance != "delta")
  left_out <- c(left_out, "errors and limits of cumulative incidence (Aalen's variance)")

# ---- Cox regression: `blocks` holds the columns of each factor as a matrix, `beside` strata, weights and clusters ----
exactly <- suppressWarnings(coxph.control(eps = 1e-12, iter.max = 50))
fit_cox <- function(y, blocks, beside = list()) {
  names(blocks) <- sprintf("term%d", seq_along(blocks))
  terms <- c(names(blocks), if (!is.null(beside$strata)) "strata(strata)")
  form <- as.formula(paste("y ~", paste(terms, collapse = " + ")), list2env(c(list(y = y), blocks, beside[intersect(names(beside), "strata")])))
  more <- c(beside[intersect(names(beside), c("weights", "cluster"))], robust = !is.null(beside$cluster))
  endless <- FALSE  # whether a coefficient runs to infinity: R warns, and stops it anywhere
  usual <- list(form, ties = ties, control = exactly, x = TRUE, model = TRUE)
  fit <- withCallingHandlers(do.call(coxph, c(usual, more)), warning = function(w) {
    endless <<- endless || grepl("infinite|iterations", conditionMessage(w))
    invokeRestart("muffleWarning")
  })
  fit$endless <- endless
  fit
}
put_terms <- function(kind, fit, blocks, ...) {
  if (fit$endless) kind <- without_maximum
  variable <- rep(names(blocks), vapply(blocks, ncol, 0))
  b <- unname(coef(fit)); se <- ifelse(is.na(b), NA, sqrt(diag(vcov(fit)))); z <- qnorm((1 + conf_level) / 2)
  level <- sub("^[^=]*=?", "", unlist(lapply(blocks, colnames)))
  for (k in seq_along(b)) {
    at <- list(..., variable = variable[k], level = level[k])
    ratio <- list(estimate = exp(b[k]), conf_low = exp(b[k] - z * se[k]), conf_high = exp(b[k] + z * se[k]))
    do.call(put_all, c(kind, list(c(ratio, log_estimate = b[k], std_error = se[k])), at))
    do.call(put_test, c(kind, (b[k] / se[k])^2, list(1), at))
  }
  for (v in names(blocks)[vapply(blocks, ncol, 0) > 1]) {
    own <- which(variable == v & !is.na(b))
    together <- function(k, level)
      put_test(kind, drop(b[k] %*% solve(vcov(fit)[k, k], b[k])), length(k), ..., variable = v, level = level)
    together(own, "(block)")
    if (is_spline(blocks[[v]])) together(own[-1], "(nonlinear)")
  }
}
# A restricted cubic spline: Harrell's knots, and his columns, of the values as they are or of their logarithm.
is_spline <- function(x) identical(sub("^[^=]*=", "", colnames(x)), paste0("spline", seq_len(ncol(x)))) && ncol(x) > 1
knots_of <- function(x, k) {
  outer <- c(0.1, 0.05, 0.05, 0.05, 0.025)[k - 2]; known <- sort(x)
  knots <- unname(quantile(known, seq(outer, 1 - outer, length.out = k)))
  if (length(known) >= 10 && length(known) < 100) knots[c(1, k)] <- known[c(5, length(known) - 4)]
  knots
}
bend <- function(x, t) {
  k <- length(t); cube <- function(a) pmax(x - a, 0)^3
  bends <- vapply(seq_len(k - 2), function(j) {
    (cube(t[j]) - (cube(t[k - 1]) * (t[k] - t[j]) - cube(t[k]) * (t[k - 1] - t[j])) / (t[k] - t[k - 1])) / (t[k] - t[1])^2
  }, numeric(length(x)))
  cbind(x, matrix(bends, nrow = length(x)), deparse.level = 0)
}
put_splines <- function(fit, blocks, all, ...) {  # `all` has the columns of every patient, for knots and percentiles
  last <- cumsum(vapply(blocks, ncol, 0)); z <- qnorm((1 + conf_level) / 2)
  for (v in names(blocks)[vapply(blocks, is_spline, NA)]) {
    own <- last[[v]] - ncol(blocks[[v]]) + seq_len(ncol(blocks[[v]]))
    is_own <- function(analysis) results$analysis == analysis & results$model == list(...)$model & results$variable == v
    put_here <- function(...) put_all("splines", ..., variable = v)
    logarithmic <- any(grepl("of the logarithm", results$text[is_own("multivariable_cox")]))
    back <- if (logarithmic) function(x) 2^x else identity
    x <- all[[v]][, 1]; x <- x[!is.na(x)]; knots <- knots_of(x, length(own) + 1)
    for (k in seq_along(knots)) put_here(list(at = back(knots[k])), "spline", ..., level = paste0("knot", k))
    reference <- as.numeric(results$value[is_own("spline") & results$level == "reference"])
    for (p in c(5, 25, 50, 75, 95)) {
      at <- unname(quantile(back(x), p / 100)); level <- paste0("p", p)
      put_here(list(at = at), "spline", ..., level = level)
      to <- if (logarithmic) log2(c(at, reference)) else c(at, reference)
      away <- bend(to, knots); away <- away[1, ] - away[2, ]
      b <- sum(away * coef(fit)[own]); se <- sqrt(drop(away %*% vcov(fit)[own, own] %*% away))
      put_here(list(estimate = exp(b), conf_low = exp(b - z * se), conf_high = exp(b + z * se), log_estimate = b, std_error = se),
               "spline", ..., level = level)
    }
  }
}
put_model <- function(y, blocks, beside, all, ...) {
  fit <- fit_cox(y, blocks, beside); df <- sum(!is.na(coef(fit)))
  put("model tests", "log_likelihood", fit$loglik[2], "multivariable_cox", ...)
  robust <- !is.null(fit$rscore) && !fit$endless
  if (!robust) put_test("model tests", 2 * diff(fit$loglik), df, "multivariable_cox", ..., level = "likelihood-ratio")
  put_test("model tests", as.numeric(if (robust) fit$rscore else fit$score), df, "multivariable_cox", ..., level = "score")
  put_terms("Cox models", fit, blocks, "multivariable_cox", ...)
  if (!fit$endless) put_splines(fit, blocks, all, ...)
  kind <- function(usual) if (fit$endless) without_maximum else usual
  put_test(kind("model tests"), as.numeric(fit$wald.test), df, "multivariable_cox", ..., level = "wald")
  order <- concordance(fit)
  put(kind("concordance"), "c_index", order$concordance, "multivariable_cox", ...)
  put(kind("concordance"), "std_error", sqrt(order$var), "multivariable_cox", ..., level = "c-index")
  zph <- tryCatch(cox.zph(fit, transform = ph_transform)$table, error = function(e) NULL)
  tested <- c(names(blocks), "")[match(rownames(zph), c(sprintf("term%d", seq_along(blocks)), "GLOBAL"))]
  for (k in seq_along(tested))
    put_test(kind("proportional hazards"), zph[k, 1], zph[k, 2], "proportional_hazards", ..., variable = tested[k])
}
models <- rows_of("univariable_cox", c("model", "endpoint"))
for (k in seq_len(nrow(models))) {
  at <- as.list(models[k, ])
  data <- read.csv(file.path(private, paste0("model_", at$model, ".csv")), check.names = FALSE)
  beside <- as.list(data[grepl("^[(]", names(data))]); names(beside) <- gsub("[()]", "", names(beside))
  y <- outcome_of(c(data[1:2], list(ENTRY = beside$entry)))
  x <- as.matrix(data[-c(1:2, grep("^[(]", names(data)))])
  whole <- Reduce(`&`, lapply(beside, Negate(is.na)), rep(TRUE, nrow(x)))
  factors <- sub("=.*", "", colnames(x))
  blocks <- lapply(setNames(nm = unique(factors)), function(v) x[, factors == v, drop = FALSE])
  for (v in Filter(function(v) is_spline(blocks[[v]]), names(blocks)))  # done again from the values themselves
    blocks[[v]][] <- bend(blocks[[v]][, 1], knots_of(blocks[[v]][, 1], ncol(blocks[[v]]) + 1))
  all <- blocks
  for (v in names(blocks)) {
    known <- complete.cases(blocks[[v]]) & whole; alone <- lapply(blocks[v], function(b) b[known, , drop = FALSE])
    do.call(put_all, c("counts", list(list(n = sum(known), n_event = sum(event_of(y)[known]))), "univariable_cox", at, variable = v))
    do.call(put_terms, c("Cox, one factor", list(fit_cox(y[known], alone, lapply(beside, `[`, known)), alone), "univariable_cox", at))
  }
  complete <- complete.cases(x) & whole; y <- y[complete]
  blocks <- lapply(blocks, function(b) b[complete, , drop = FALSE]); beside <- lapply(beside, `[`, complete)
  do.call(put_all, c("counts", list(list(n = sum(complete), n_event = sum(event_of(y)))), "multivariable_cox", at))
  own <- results$model == at$model & results$analysis == "multivariable_cox" & results$statistic == "selected"
  chosen <- results$variable[own & as.numeric(results$value) == 1]
  if (length(chosen)) do.call(put_model, c(list(y, blocks[chosen], beside, all), at))
}

if (any(results$analysis == "bootstrap")) left_out <- c(left_out, "bootstrap resamples (their draws are Python's)")

# ---- Fine and Gray's models: finegray of survival has left who has an event on the day of a censoring ----
if (any(results$analysis == "fine_gray"))
  left_out <- c(left_out, if (censoring_ties == "left") "errors and tests of Fine-Gray models" else "Fine-Gray models (ties at risk)")
models <- if (exists("censoring_ties") && censoring_ties == "left") rows_of("fine_gray", c("model", "endpoint"))
for (k in seq_len(NROW(models))) {
  at <- as.list(models[k, ])
  data <- read.csv(file.path(private, paste0("model_", at$model, ".csv")), check.names = FALSE)
  data <- data[complete.cases(data), ]; x <- as.matrix(data[-(1:2)])
  data <- data.frame(time = data$AVAL, state = factor(data$CNSR, c(1, 0, 2), c("censored", "event", "competing")), id = seq_len(nrow(x)))
  spread <- finegray(Surv(time, state) ~ ., data = data, etype = "event")
  fit <- coxph(Surv(fgstart, fgstop, fgstatus) ~ x[spread$id, , drop = FALSE], data = spread, weights = spread$fgwt, ties = "breslow", control = exactly)
  for (j in seq_along(coef(fit))) {
    b <- unname(coef(fit)[j]); level <- sub("^[^=]*=?", "", colnames(x)[j])
    do.call(put_all, c("Fine-Gray models", list(list(estimate = exp(b), log_estimate = b)), "fine_gray", at,
                       variable = sub("=.*", "", colnames(x)[j]), level = level))
  }
}

# ---- subgroups: the comparison in each level, and the likelihood ratio of its interaction ----
subgroups <- rows_of("subgroup", c("model", "endpoint", "group"))
for (k in seq_len(nrow(subgroups))) {
  at <- as.list(subgroups[k, ])
  rows <- adtte[adtte$PARAMCD == at$endpoint, ]
  sides <- strsplit(sub("^[^=]*=", "", at$group), "|", fixed = TRUE)[[1]]
  side <- rows[[sub("=.*", "", at$group)]]; rows <- rows[side %in% sides, ]; side <- side[side %in% sides]
  y <- outcome_of(rows); compared <- cbind(compared = as.numeric(side == sides[1]))
  own <- results[results$analysis == "subgroup" & results$model == at$model, c("variable", "level")]
  for (i in which(!duplicated(own))) {
    v <- own$variable[i]; level <- own$level[i]
    if (level == "(interaction)") {
      in_it <- !is.na(rows[[v]]) & rows[[v]] != ""
      f <- factor(rows[[v]][in_it]); x <- compared[in_it, ]
      if (nlevels(f) < 2) next
      both <- model.matrix(~ f)[, -1, drop = FALSE]
      fits <- lapply(list(list(x = x, f = both), list(x = x, f = both, product = both * x)), function(b) {
        fit_cox(y[in_it], lapply(b, as.matrix))
      })
      df <- diff(vapply(fits, function(fit) sum(!is.na(coef(fit))), 0))
      if (df > 0) do.call(put_test, c("subgroups", 2 * (fits[[2]]$loglik[2] - fits[[1]]$loglik[2]), list(df), "subgroup", at,
                                      variable = v, level = level))
      next
    }
    in_it <- if (v == "") rep(TRUE, nrow(rows)) else rows[[v]] %in% level
    do.call(put_all, c("counts", list(list(n = sum(in_it), n_event = sum(event_of(y)[in_it]))), "subgroup", at, variable = v, level = level))
    fit <- tryCatch(fit_cox(y[in_it], list(x = compared[in_it, , drop = FALSE])), error = function(e) NULL)
    if (is.null(fit) || is.na(coef(fit)) || fit$endless) next
    b <- unname(coef(fit)); se <- sqrt(vcov(fit)[1, 1]); z <- qnorm((1 + conf_level) / 2)
    ratio <- list(estimate = exp(b), conf_low = exp(b - z * se), conf_high = exp(b + z * se), log_estimate = b, std_error = se)
    do.call(put_all, c("subgroups", list(ratio), "subgroup", at, variable = v, level = level))
    do.call(put_test, c("subgroups", (b / se)^2, list(1), "subgroup", at, variable = v, level = level))
  }
}

# ---- compare ----
found <- data.frame(kind = vapply(found, `[[`, "", "kind"), key = vapply(found, `[[`, "", "key"),
                    value = vapply(found, `[[`, 0, "value"))
found <- found[found$key %in% results$key, ]
reported <- results[match(found$key, results$key), ]
masked <- reported$value == "" & grepl("^<|masked", reported$text)  # small counts are not told
found$reported <- as.numeric(reported$value); found <- found[!masked, ]
deviation <- with(found, abs(reported - value) / pmax(1, abs(value)))
deviation[with(found, is.na(reported) & is.na(value) | reported %in% c(-Inf, Inf) & reported == value)] <- 0
deviation[is.na(deviation)] <- Inf  # one of the two has no number
cat(R.version.string, ", survival ", format(packageVersion("survival")), ", deviations up to ", tolerance, " agree\n", sep = "")
for (kind in setdiff(unique(found$kind), without_maximum)) {
  own <- found$kind == kind; wrong <- own & deviation > tolerance
  cat(sprintf("%-22s%6d numbers, largest deviation %8.1e  ", kind, sum(own), max(deviation[own])))
  cat(if (any(wrong)) "DIFFERS\n" else "agrees\n")
  for (i in head(which(wrong), 3))
    cat(sprintf("    %s: reported %.10g, R %.10g\n", found$key[i], found$reported[i], found$value[i]))
}
finite <- found$kind != without_maximum; wrong <- sum(deviation[finite] > tolerance)
if (any(!finite)) cat(sum(!finite), "numbers not compared: their model has no finite estimate\n")
if (length(left_out)) cat("not done again: ", paste(unique(left_out), collapse = "; "), "\n", sep = "")
redone <- c("survival", "follow_up", "survival_at", "univariable_km", "univariable_cox", "multivariable_cox",
            "proportional_hazards", "rmst", "incidence", "spline")
numbers <- c("at", "median", "surv", "estimate", "statistic", "p_value", "c_index", "log_likelihood", "rmst", "incidence")
wanted <- results$analysis %in% redone & results$statistic %in% numbers & results$value != ""
of_gray <- results$analysis == "incidence" & results$statistic != "incidence"
said <- results$analysis == "spline" & results$level == "reference"  # a choice of the study
wanted <- wanted & !of_gray & !said
left <- results$key[wanted & !results$key %in% found$key]
for (key in head(left, 3)) cat("R did not find ", key, "\n", sep = "")
if (wrong + length(left)) cat("verdict: NOT CONFIRMED, numbers that differ: ", wrong, ", not found: ", length(left), "\n", sep = "") else
  cat("verdict: confirmed, R finds the same", sum(finite), "numbers\n")
quit(status = as.integer(wrong + length(left) > 0))
