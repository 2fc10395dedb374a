# Does this run again in R and compares: medians, survival at times, log-rank tests, Cox models and their checks.
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
survival_at <- function(fit, time) {  # 1 before the first time, nothing past the last one
  near <- near * max(1, time)
  row <- sum(fit$time <= time + near)
  if (time > max(fit$time) + near) return(list(surv = NA, conf_low = NA, conf_high = NA, std_error = NA, n_risk = 0))
  read <- function(values, before) 100 * c(before, values)[row + 1]
  list(surv = read(fit$surv, 1), conf_low = read(fit$lower, 1), conf_high = read(fit$upper, 1),
       std_error = read(fit$surv * fit$std.err, 0), n_risk = c(fit$n.risk, 0)[sum(fit$time < time - near) + 1])
}
days <- c(DAYS = 1, WEEKS = 7, MONTHS = 30.4375, YEARS = 365.25)
outcome <- list(); scale <- list()
own_rule <- results$analysis == "survival" & results$model == "" & results$statistic == "median"
for (e in intersect(unique(adtte$PARAMCD), results$endpoint[own_rule])) {
  rows <- adtte[adtte$PARAMCD == e, ]
  reported <- toupper(results$unit[own_rule & results$endpoint == e])
  outcome[[e]] <- Surv(as.numeric(rows$AVAL), 1 - as.numeric(rows$CNSR))
  scale[[e]] <- if (reported == rows$AVALU[1]) 1 else days[[rows$AVALU[1]]] / days[[reported]]
  y <- outcome[[e]]; fit <- curve_of(y)
  put_all("counts", list(n = nrow(y), n_event = sum(y[, 2])), "survival", endpoint = e)
  put_all("medians", lapply(median_of(fit), `*`, scale[[e]]), "survival", endpoint = e)
  followed <- lapply(median_of(curve_of(Surv(y[, 1], 1 - y[, 2]))), `*`, scale[[e]])
  put_all("follow-up", followed, "follow_up", endpoint = e, level = "reverse-km")
  observed <- list(median = median(y[, 1]), min = min(y[, 1]), max = max(y[, 1]))
  put_all("follow-up", lapply(observed, `*`, scale[[e]]), "follow_up", endpoint = e, level = "observed")
  for (t in unique(results$time[results$analysis == "survival_at"]))
    put_all("survival at times", survival_at(fit, as.numeric(t) / scale[[e]]), "survival_at", endpoint = e, time = t)
}
log_rank <- function(y, group, wanted) {
  in_it <- group %in% wanted
  test <- tryCatch(suppressWarnings(survdiff(y[in_it] ~ group[in_it])), error = function(e) NULL)
  if (sum(test$exp > 0) < 2) list(chisq = NA, df = NA) else list(chisq = test$chisq, df = sum(test$exp > 0) - 1)
}
others <- rows_of("survival", c("model", "endpoint"))  # an endpoint by other rules of censoring, in its own unit
others <- others[others$model != "", ]
for (k in seq_len(nrow(others))) {
  e <- others$endpoint[k]; rows <- adtte[adtte$PARAMCD == paste(e, others$model[k], sep = "_") & adtte$AVAL != "", ]
  y <- Surv(as.numeric(rows$AVAL), 1 - as.numeric(rows$CNSR))
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
    do.call(put_all, c("counts", list(list(n = sum(group == l), n_event = sum(y[group == l, 2]))), at, level = l))
    found_median <- lapply(median_of(curve_of(y[group == l])), `*`, scale[[tables$endpoint[k]]])
    do.call(put_all, c("medians by level", list(found_median), at, level = l))
  }
  do.call(put_test, c("log-rank tests", log_rank(y, group, present), at))
  pairs <- if (length(present) > 2) combn(present, 2, simplify = FALSE)
  chisq <- vapply(pairs, function(pair) as.numeric(log_rank(y, group, pair)$chisq), 0)
  p <- p.adjust(pchisq(chisq, 1, lower.tail = FALSE), pairwise)
  for (i in seq_along(pairs)) {
    between <- paste0(v, "=", paste(pairs[[i]], collapse = "|"))
    do.call(put_all, c("pairwise tests", list(list(statistic = chisq[i], p_value = p[i])), at, group = between))
  }
}

# ---- Cox regression: `blocks` holds the columns of each factor as a matrix ----
exactly <- suppressWarnings(coxph.control(eps = 1e-12, iter.max = 50))
fit_cox <- function(y, blocks) {
  names(blocks) <- sprintf("term%d", seq_along(blocks))
  form <- as.formula(paste("y ~", paste(names(blocks), collapse = " + ")), list2env(c(list(y = y), blocks)))
  endless <- FALSE  # whether a coefficient runs to infinity: R warns, and stops it anywhere
  fit <- withCallingHandlers(coxph(form, ties = ties, control = exactly, x = TRUE, model = TRUE), warning = function(w) {
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
    put_test(kind, drop(b[own] %*% solve(vcov(fit)[own, own], b[own])), length(own), ..., variable = v, level = "(block)")
  }
}
put_model <- function(y, blocks, ...) {
  fit <- fit_cox(y, blocks); df <- sum(!is.na(coef(fit)))
  put("model tests", "log_likelihood", fit$loglik[2], "multivariable_cox", ...)
  put_test("model tests", 2 * diff(fit$loglik), df, "multivariable_cox", ..., level = "likelihood-ratio")
  put_test("model tests", fit$score, df, "multivariable_cox", ..., level = "score")
  put_terms("Cox models", fit, blocks, "multivariable_cox", ...)
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
  y <- Surv(data$AVAL, 1 - data$CNSR); x <- as.matrix(data[-(1:2)])
  factors <- sub("=.*", "", colnames(x))
  blocks <- lapply(setNames(nm = unique(factors)), function(v) x[, factors == v, drop = FALSE])
  for (v in names(blocks)) {
    known <- complete.cases(blocks[[v]]); alone <- lapply(blocks[v], function(b) b[known, , drop = FALSE])
    do.call(put_all, c("counts", list(list(n = sum(known), n_event = sum(y[known, 2]))), "univariable_cox", at, variable = v))
    do.call(put_terms, c("Cox, one factor", list(fit_cox(y[known], alone), alone), "univariable_cox", at))
  }
  complete <- complete.cases(x); y <- y[complete]; blocks <- lapply(blocks, function(b) b[complete, , drop = FALSE])
  do.call(put_all, c("counts", list(list(n = sum(complete), n_event = sum(y[, 2]))), "multivariable_cox", at))
  own <- results$model == at$model & results$analysis == "multivariable_cox" & results$statistic == "selected"
  chosen <- results$variable[own & as.numeric(results$value) == 1]
  if (length(chosen)) do.call(put_model, c(list(y, blocks[chosen]), at))
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
redone <- c("survival", "follow_up", "survival_at", "univariable_km", "univariable_cox", "multivariable_cox",
            "proportional_hazards")
numbers <- c("median", "surv", "estimate", "statistic", "p_value", "c_index", "log_likelihood")
wanted <- results$analysis %in% redone & results$statistic %in% numbers & results$value != ""
left <- results$key[wanted & !results$key %in% found$key]
for (key in head(left, 3)) cat("R did not find ", key, "\n", sep = "")
if (wrong + length(left)) cat("verdict: NOT CONFIRMED, numbers that differ: ", wrong, ", not found: ", length(left), "\n", sep = "") else
  cat("verdict: confirmed, R finds the same", sum(finite), "numbers\n")
quit(status = as.integer(wrong + length(left) > 0))
