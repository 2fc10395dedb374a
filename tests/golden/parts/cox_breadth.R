# r/cox_breadth.json: what stands around a Cox fit: offset, robust variance, residuals, predicted curves, concordance
# with weights and entries, frequencies, restricted cubic splines as columns.
rows <- function(x) lapply(seq_len(NROW(x)), function(i) as.list(as.numeric(if (is.matrix(x)) x[i, ] else x[i])))
vec <- function(x) as.list(as.numeric(x))
conf_types <- c("plain", "log", "log-log", "logit", "arcsin")

# One design: time, event, entry, weights, strata, cluster, offset (or NULL), `x` (a data frame) and `new` (rows of x).
formula_of <- function(d, env) {
  env$y <- if (is.null(d$entry)) Surv(d$time, d$event) else Surv(d$entry, d$time, d$event)
  rhs <- names(d$x)
  for (name in rhs) assign(name, d$x[[name]], env)
  if (!is.null(d$strata)) { env$stratum <- d$strata; rhs <- c(rhs, "strata(stratum)") }
  if (!is.null(d$offset)) { env$log_hazard <- d$offset; rhs <- c(rhs, "offset(log_hazard)") }
  as.formula(paste("y ~", paste(rhs, collapse = " + ")), env = env)
}
curve_of <- function(fit, new, ...) {
  s <- survfit(fit, newdata = new, ...)
  list(time = vec(s$time), n_risk = vec(s$n.risk), n_event = vec(s$n.event), n_censor = vec(s$n.censor),
       strata = if (is.null(s$strata)) length(s$time) else as.list(as.numeric(s$strata)),
       survival = rows(s$surv), std_error = rows(s$std.err), cumulative_hazard = rows(s$cumhaz))
}
limits_of <- function(fit, new, type) {
  s <- survfit(fit, newdata = new, conf.type = type)
  each <- function(x) rows(matrix(x, ncol = ncol(s$surv)))  # the arcsin limits come without dimensions
  list(lower = each(s$lower), upper = each(s$upper))
}
fit_case <- function(d, ties) {
  env <- new.env()
  form <- formula_of(d, env)
  env$w <- if (is.null(d$weights)) rep(1, length(d$time)) else d$weights
  env$row <- seq_along(d$time)  # each row a cluster of its own: robust = TRUE
  env$person <- if (is.null(d$cluster)) seq_along(d$time) else d$cluster
  plain <- eval(bquote(coxph(.(form), weights = w, ties = .(ties), control = exactly, robust = FALSE, model = TRUE, x = TRUE)), env)
  sandwich <- eval(bquote(coxph(.(form), weights = w, ties = .(ties), control = exactly, cluster = row, x = TRUE)), env)
  clustered <- eval(bquote(coxph(.(form), weights = w, ties = .(ties), control = exactly, cluster = person, x = TRUE)), env)
  residual <- function(type) rows(residuals(plain, type = type, weighted = type %in% c("dfbeta", "dfbetas")))
  # The score test of coxph leaves an offset out of the residuals at 0; there it is taken from a fit that stays at 0.
  at_zero <- eval(bquote(coxph(.(form), weights = w, ties = .(ties), init = rep(0, ncol(d$x)), iter.max = 0, robust = FALSE, x = TRUE)), env)
  score_of <- function(cluster) {
    u <- residuals(at_zero, type = "score", weighted = TRUE)
    u <- rowsum(as.matrix(u), cluster)
    drop(colSums(u) %*% solve(crossprod(u), colSums(u)))
  }
  robust <- function(fit, cluster) {
    if (is.null(d$offset)) stopifnot(all.equal(score_of(cluster), as.numeric(fit$rscore)))
    list(vcov = unname(vcov(fit)), wald = as.numeric(fit$wald.test),
         score = if (is.null(d$offset)) as.numeric(fit$rscore) else score_of(cluster))
  }
  schoenfeld <- residuals(plain, type = "schoenfeld")
  out <- list(
    coef = vec(coef(plain)), se = vec(sqrt(diag(vcov(plain)))), loglik = plain$loglik, score = plain$score,
    robust = robust(sandwich, env$row), cluster = robust(clustered, env$person),
    residuals = list(martingale = vec(residuals(plain)), deviance = vec(residuals(plain, type = "deviance")),
                     score = residual("score"), dfbeta = residual("dfbeta"), dfbetas = residual("dfbetas"),
                     schoenfeld = rows(schoenfeld), scaled_schoenfeld = rows(residuals(plain, type = "scaledsch"))))
  k <- concordance(plain)
  count <- if (is.matrix(k$count)) colSums(k$count) else k$count
  out$concordance <- list(estimate = k$concordance, std_error = sqrt(k$var), count = as.list(as.numeric(count)))
  k <- concordance(plain, cluster = env$person)
  out$concordance$cluster_std_error <- sqrt(k$var)
  if (is.null(d$offset)) {
    out$curve <- list(breslow = curve_of(plain, d$new, ctype = 1))
    if (ties == "efron") {
      out$curve <- c(out$curve, list(efron = curve_of(plain, d$new), kalbfleisch_prentice = curve_of(plain, d$new, stype = 1),
                                     robust = curve_of(clustered, d$new)))
      if (length(d$time) < 30) out$limits <- lapply(setNames(conf_types, conf_types), function(type) limits_of(plain, d$new, type))
    }
    risk <- predict(plain, newdata = d$new, type = "lp", se.fit = TRUE, reference = if (is.null(d$strata)) "sample" else "zero")
    out$linear_predictor <- list(fit = vec(risk$fit), se = vec(risk$se.fit))
  }
  out
}
case <- function(time, event, x, new, entry = NULL, weights = NULL, strata = NULL, cluster = NULL, offset = NULL) {
  d <- list(time = as.numeric(time), event = as.integer(event), entry = entry, weights = weights, strata = strata,
            cluster = cluster, offset = offset, x = x, new = new)
  if (!is.null(strata)) d$new <- merge(new, data.frame(stratum = sort(unique(strata))))
  list(data = list(time = d$time, event = d$event, entry = entry, weights = weights, strata = strata, cluster = cluster,
                   offset = offset, covariates = as.list(x), new = as.list(d$new)),
       efron = fit_case(d, "efron"), breslow = fit_case(d, "breslow"))
}

o <- ovarian
a <- data.frame(time = aml$time, status = aml$status, maintained = as.numeric(aml$x == "Maintained"))
l <- subset(lung, !is.na(ph.ecog) & !is.na(inst))[1:60, ]
b <- subset(bladder2, id %% 2 == 0)
h <- subset(heart, id <= 60)
set.seed(20261125)
n <- 60
s <- data.frame(time = sample(3:12, n, TRUE), event = rbinom(n, 1, .7), w = round(runif(n, .2, 3), 3),
                g = sample(1:3, n, TRUE), person = sample(1:30, n, TRUE), x1 = round(rnorm(n), 3), x2 = rbinom(n, 1, .4))
s$entry <- pmax(0, s$time - sample(1:9, n, TRUE))
s$shift <- round(rnorm(n) / 2, 3)

cases <- list(
  aml = case(a$time, a$status, a["maintained"], data.frame(maintained = 0:1)),
  ovarian = case(o$futime, o$fustat, data.frame(age = o$age, rx = o$rx - 1, ecog = o$ecog.ps),
                 data.frame(age = c(45, 60), rx = 0:1, ecog = c(1, 1.5))),
  lung = case(l$time, l$status == 2, l[c("age", "sex", "ph.ecog")], data.frame(age = c(50, 70), sex = 1:2, ph.ecog = c(0, 2)),
              weights = 1 + 0.5 * (seq_len(nrow(l)) %% 3), cluster = l$inst),
  heart = case(h$stop, h$event, data.frame(age = h$age, surgery = h$surgery, transplant = as.numeric(h$transplant == 1)), data.frame(age = c(-5, 3), surgery = 0:1, transplant = 1:0),
               entry = h$start, cluster = h$id),
  bladder = case(b$stop, b$event, b[c("rx", "size", "number")], data.frame(rx = 1:2, size = c(1, 3), number = c(2, 1)),
                 entry = b$start, strata = b$enum, cluster = b$id),
  ties = case(s$time, s$event, s[c("x1", "x2")], data.frame(x1 = c(-1, 0.5), x2 = 0:1), weights = s$w, strata = s$g,
              cluster = s$person),
  ties_offset = case(s$time, s$event, s[c("x1", "x2")], NULL, entry = s$entry, weights = s$w, cluster = s$person,
                     offset = s$shift))

# Frequencies: Efron's method of the rows written out, and R's case weights, which are not that.
f <- data.frame(time = c(4, 4, 6, 6, 6, 9, 11, 11, 15, 15), event = c(1, 1, 1, 0, 1, 1, 0, 1, 1, 0),
                x = c(1.5, 0, 2, 1, 0.5, 1, 0, 0.25, 0, 1), k = c(2, 1, 3, 2, 1, 2, 4, 1, 2, 1))
long <- f[rep(seq_len(nrow(f)), f$k), ]
long_fit <- coxph(Surv(time, event) ~ x, long, control = exactly, robust = TRUE)
weighted <- coxph(Surv(time, event) ~ x, f, weights = k, control = exactly, robust = FALSE)
frequencies <- list(data = as.list(f), coef = as.numeric(coef(long_fit)), naive_se = sqrt(long_fit$naive.var[1, 1]),
                    robust_se = sqrt(vcov(long_fit)[1, 1]), loglik = long_fit$loglik, n = long_fit$n, n_event = long_fit$nevent,
                    coef_of_case_weights = as.numeric(coef(weighted)))

# Restricted cubic splines: Harrell's basis, knots at the usual quantiles.
v <- veteran
knots <- as.numeric(quantile(v$karno + v$age / 100, c(.05, .35, .65, .95)))
columns <- basis(v$karno + v$age / 100, knots)
spline_fit <- coxph(Surv(v$time, v$status) ~ columns, control = exactly)
inner <- 2:3
contrast <- basis(c(30, 90), knots) - basis(c(60, 60), knots)
spline <- list(
  data = list(time = v$time, event = v$status, x = v$karno + v$age / 100), knots = vec(knots), basis = rows(columns),
  coef = vec(coef(spline_fit)), loglik = spline_fit$loglik,
  nonlinear = drop(coef(spline_fit)[inner] %*% solve(vcov(spline_fit)[inner, inner]) %*% coef(spline_fit)[inner]),
  at = list(30, 90), reference = 60, log_hazard_ratio = vec(contrast %*% coef(spline_fit)),
  se = vec(sqrt(diag(contrast %*% vcov(spline_fit) %*% t(contrast)))))

write_golden(list(
  source = source_of("data sets of that package, coxph(eps = 1e-14); 'ties' is simulated"),
  cases = cases, frequencies = frequencies, spline = spline), "cox_breadth.json")
