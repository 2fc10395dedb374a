# r/cox.json: Cox regression, tests of proportional hazards and concordance.
transforms <- c("km", "rank", "identity", "log")
vec <- function(x) as.list(as.numeric(x))

# One design: time, event, entry, weights, strata (or NULL) and `x`, a list of terms; a term is a vector or a named matrix.
fit_case <- function(d, ties) {
  env <- new.env()
  env$y <- if (is.null(d$entry)) Surv(d$time, d$event) else Surv(d$entry, d$time, d$event)
  for (term in names(d$x)) assign(term, d$x[[term]], env)
  rhs <- names(d$x)
  if (!is.null(d$strata)) { env$stratum <- d$strata; rhs <- c(rhs, "strata(stratum)") }
  env$w <- if (is.null(d$weights)) rep(1, length(d$time)) else d$weights
  form <- as.formula(paste("y ~", paste(rhs, collapse = " + ")), env = env)
  fit <- eval(bquote(coxph(.(form), weights = w, ties = .(ties), control = exactly, robust = FALSE, model = TRUE, x = TRUE)), env)
  out <- list(
    coef = vec(coef(fit)), se = vec(sqrt(diag(vcov(fit)))), vcov = unname(vcov(fit)), loglik = fit$loglik,
    score = fit$score, wald = as.numeric(fit$wald.test), df = sum(!is.na(coef(fit))), n = fit$n, n_event = fit$nevent,
    zph = setNames(lapply(transforms, function(g) {
      z <- cox.zph(fit, transform = g)$table
      list(term = rownames(z), statistic = unname(z[, 1]), df = unname(z[, 2]))
    }), transforms))
  if (is.null(d$entry) && is.null(d$weights)) {
    k <- concordance(fit)
    count <- if (is.matrix(k$count)) colSums(k$count) else k$count
    out$concordance <- list(estimate = k$concordance, std_error = sqrt(k$var), count = as.list(count))
  }
  out
}
case <- function(time, event, x, entry = NULL, weights = NULL, strata = NULL) {
  d <- list(time = as.numeric(time), event = as.integer(event), entry = entry, weights = weights, strata = strata, x = x)
  columns <- lapply(x, function(term) if (is.matrix(term)) as.list(as.data.frame(term)) else as.numeric(term))
  list(data = list(time = d$time, event = d$event, entry = entry, weights = weights, strata = strata, terms = columns),
       efron = fit_case(d, "efron"), breslow = fit_case(d, "breslow"))
}
indicators <- function(f, levels) { m <- sapply(levels, function(l) as.numeric(f == l)); colnames(m) <- levels; m }

l <- subset(lung, !is.na(ph.ecog))
l2 <- subset(l, ph.ecog < 3)
ecog <- indicators(l2$ph.ecog, c("1", "2")); colnames(ecog) <- c("ecog1", "ecog2")
v <- veteran
p <- subset(pbc, !is.na(protime))
r <- rotterdam
size <- indicators(r$size, c("20-50", ">50"))
b <- bladder2
set.seed(20240229)
n <- 600
sim <- data.frame(time = sample(3:12, n, TRUE), event = rbinom(n, 1, .7), w = round(runif(n, .2, 3), 3),
                  g = sample(1:4, n, TRUE), x1 = rnorm(n), x2 = rbinom(n, 1, .3), x3 = round(rexp(n) * 1000))
sim$entry <- pmax(0, sim$time - sample(1:9, n, TRUE))

cases <- list(
  lung = case(l$time, l$status == 2, list(age = l$age, sex = l$sex, ph.ecog = l$ph.ecog)),
  lung_factor = case(l2$time, l2$status == 2, list(age = l2$age, sex = l2$sex, ecog = ecog)),
  lung_strata = case(l$time, l$status == 2, list(age = l$age, ph.ecog = l$ph.ecog), strata = l$sex),
  lung_weighted = case(lung$time, lung$status == 2, list(age = lung$age, sex = lung$sex),
                       weights = 1 + 0.5 * (seq_len(nrow(lung)) %% 3)),
  veteran = case(v$time, v$status, list(trt = v$trt, celltype = indicators(v$celltype, c("smallcell", "adeno", "large")),
                 karno = v$karno, diagtime = v$diagtime, age = v$age, prior = v$prior)),
  heart = case(heart$stop, heart$event, list(age = heart$age, year = heart$year, surgery = heart$surgery,
               transplant = as.numeric(heart$transplant == 1)), entry = heart$start),
  pbc = case(p$time, p$status == 2, list(age = p$age, edema = p$edema, log_bili = log(p$bili),
             log_albumin = log(p$albumin), log_protime = log(p$protime))),
  rotterdam = case(r$rtime, r$recur, list(age = r$age, meno = r$meno, size = size, grade = r$grade, nodes = r$nodes,
                   pgr = r$pgr, hormon = r$hormon)),
  bladder = case(b$stop, b$event, list(rx = b$rx, size = b$size, number = b$number), entry = b$start, strata = b$enum),
  ties = case(sim$time, sim$event, list(x1 = sim$x1, x2 = sim$x2, x3 = sim$x3)),
  ties_everything = case(sim$time, sim$event, list(x1 = sim$x1, x2 = sim$x2, x3 = sim$x3), entry = sim$entry,
                         weights = sim$w, strata = sim$g))

quiet <- function(expr) suppressWarnings(expr)
singular <- quiet(coxph(Surv(time, status == 2) ~ age + I(2 * age + 1) + sex, lung, control = exactly))
wald <- coxph(Surv(time, status == 2) ~ age + sex + factor(ph.ecog), l2, control = exactly)
k <- 3:4
wald_ecog <- drop(coef(wald)[k] %*% solve(vcov(wald)[k, k]) %*% coef(wald)[k])
zero <- data.frame(t = c(5, 8, 12, 20, 25, 30, 33, 41, 50, 60, 70, 80), s = c(1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0),
                   g = rep(c("a", "b", "c"), c(5, 4, 3)), x = rep(1:3, 4))
zero_fit <- quiet(coxph(Surv(t, s) ~ g + x, zero))
tie <- data.frame(a = c(0, 0, 5, 5, 0), b = c(5, 10, 8, 12, 12), e = c(1, 1, 1, 0, 1), x = c(1, 0, 1, 0, 1))
tie_fit <- coxph(Surv(a, b, e) ~ x, tie, control = exactly)
near <- data.frame(time = c(0.1 + 0.2, 0.3, 1, 1.5, 2, 2.5), status = c(1, 1, 1, 0, 1, 1), x = c(1, 0, 1, 0, 1, 0))
near_fit <- coxph(Surv(time, status) ~ x, near, control = exactly)
mono <- data.frame(time = c(5, 8, 12, 20, 25, 30, 33, 41, 50, 60), status = c(1, 1, 1, 1, 1, 1, 1, 0, 0, 0),
                   x = c(0, 0, 0, 0, 0, 0, 0, 1, 1, 1))
mono_fit <- quiet(coxph(Surv(time, status) ~ x, mono))
quasi <- transform(mono, status = c(1, 1, 1, 1, 1, 1, 1, 1, 0, 0))
quasi_fit <- quiet(coxph(Surv(time, status) ~ x, quasi))

edge <- list(
  singular = list(coef = vec(coef(singular)), loglik = singular$loglik, wald = as.numeric(singular$wald.test)),
  lung_factor_wald = list(terms = c("ecog1", "ecog2"), statistic = wald_ecog, df = 2),
  zero_event_level = list(data = zero, coef_x = as.numeric(coef(zero_fit)[3]), loglik = zero_fit$loglik),
  startstop_tie = list(data = tie, coef = as.numeric(coef(tie_fit)), loglik = tie_fit$loglik),
  timefix = list(time = near$time, status = near$status, x = near$x, coef = as.numeric(coef(near_fit))),
  monotone = list(time = mono$time, x = mono$x, status_no_event_level = mono$status, status_quasi = quasi$status,
                  loglik_no_event_level = mono_fit$loglik, loglik_quasi = quasi_fit$loglik))

write_golden(list(
  source = source_of("data sets of that package, coxph(eps = 1e-14); 'ties' is simulated"),
  cases = cases, edge = edge), "cox.json")
