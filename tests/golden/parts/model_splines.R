# r/model_splines.json: the splines of a study (tests/study/test_splines_and_bootstrap_run.py) from the raw data, under
# the keys of results.csv: knots and percentiles, tests, hazard ratios, and both ends of each curve.
rows <- list()
curves <- list()
put <- function(analysis, statistic, value, model, variable, level) {
  rows[[paste(analysis, model, "OS", "", variable, level, "", statistic, sep = ",")]] <<- as.numeric(value)
}
put_test <- function(analysis, fit, own, model, variable, level) {
  b <- coef(fit)[own]; chisq <- drop(b %*% solve(vcov(fit)[own, own], b)); df <- length(own)
  put(analysis, "statistic", chisq, model, variable, level)
  put(analysis, "df", df, model, variable, level)
  put(analysis, "p_value", pchisq(chisq, df, lower.tail = FALSE), model, variable, level)
}
spline <- function(x, n_knots, log = FALSE, reference = NULL) {  # 100 patients or more
  scaled <- if (log) log2 else identity
  outer <- c(.1, .05, .05, .05, .025)[n_knots - 2]
  knots <- quantile(scaled(x), seq(outer, 1 - outer, length.out = n_knots), na.rm = TRUE, names = FALSE)
  known <- x[!is.na(x)]
  edge <- 10 / max(length(known), 200)
  list(columns = function(at) basis(scaled(at), knots), knots = if (log) 2^knots else knots,
       reference = if (is.null(reference)) median(known) else reference,
       read = setNames(quantile(known, c(.05, .25, .5, .75, .95), names = FALSE), c("p5", "p25", "p50", "p75", "p95")), x = x,
       ends = quantile(known, c(edge, 1 - edge), names = FALSE))
}
ratios <- function(fit, own, s, at) {
  away <- sweep(s$columns(at), 2, s$columns(c(s$reference, s$reference))[1, ])
  b <- drop(away %*% coef(fit)[own]); se <- sqrt(rowSums((away %*% vcov(fit)[own, own]) * away)); z <- qnorm(.975)
  cbind(estimate = exp(b), conf_low = exp(b - z * se), conf_high = exp(b + z * se), log_estimate = b, std_error = se)
}
model <- function(id, y, splines, others, ...) {
  fit_to <- function(columns, known) {
    form <- as.formula(paste("y[known] ~", paste(sprintf("columns[[%d]][known, ]", seq_along(columns)), collapse = " + "),
                             if (length(list(...))) "+ strata(list(...)$strata[known])"))
    if (length(list(...))) coxph(form, ties = "efron", control = exactly, cluster = seq_along(known)[known])
    else coxph(form, ties = "efron", control = exactly)
  }
  columns <- c(lapply(splines, function(s) s$columns(s$x)), others)
  complete <- Reduce(`&`, lapply(columns, function(m) complete.cases(m)))
  fit <- fit_to(columns, complete)
  last <- 0
  for (v in names(splines)) {
    s <- splines[[v]]; k <- ncol(columns[[v]]); own <- last + seq_len(k); last <- last + k
    alone <- fit_to(columns[v], complete.cases(columns[[v]]))
    put_test("univariable_cox", alone, seq_len(k), id, v, "(block)")
    put_test("univariable_cox", alone, 2:k, id, v, "(nonlinear)")
    put_test("multivariable_cox", fit, own, id, v, "(block)")
    put_test("multivariable_cox", fit, own[-1], id, v, "(nonlinear)")
    for (j in seq_along(s$knots)) put("spline", "at", s$knots[j], id, v, paste0("knot", j))
    put("spline", "at", s$reference, id, v, "reference")
    found <- ratios(fit, own, s, s$read)
    for (p in names(s$read)) {
      put("spline", "at", s$read[[p]], id, v, p)
      if (s$read[[p]] != s$reference)
        for (name in colnames(found)) put("spline", name, found[match(p, names(s$read)), name], id, v, p)
    }
    curves[[paste(id, v, sep = ",")]] <<- list(at = s$ends, ratios = unname(ratios(fit, own, s, s$ends)[, 1:3]))
  }
}

l <- lung
y <- Surv(l$time, l$status == 2)
sex <- cbind(as.numeric(l$sex == 2))
model("curved", y, list(age = spline(l$age, 4), calories = spline(l$meal.cal, 3, log = TRUE, reference = 1000)),
      list(sex, cbind(l$ph.ecog)))
model("robust", y, list(age = spline(l$age, 5)), list(cbind(l$wt.loss)), strata = l$sex)

write_golden(list(source = source_of("data set lung of that package, coxph(eps = 1e-14)"), rows = rows, curves = curves),
             "model_splines.json")
