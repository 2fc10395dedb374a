# r/compare.json: nonparametric estimators, tests and intervals on simulated data, edges and small tables.
set.seed(20100301)

conf_types <- c("log", "log-log", "plain", "logit", "arcsin")
shares <- c(0.1, 0.25, 0.5, 0.75, 0.9)

curve <- function(time, event, conf_type) {
  fit <- survfit(Surv(time, event) ~ 1, conf.type = conf_type)
  at <- c(0, quantile(time, c(0.2, 0.5, 0.8), names = FALSE, type = 1), median(time) + 0.5)
  at <- at[at <= max(time)]
  read <- summary(fit, times = sort(at))
  quant <- quantile(fit, shares)
  list(
    time = fit$time, n_risk = fit$n.risk, n_event = fit$n.event, n_censor = fit$n.censor,
    survival = fit$surv, std_error = fit$std.err * fit$surv,
    conf_low = fit$lower, conf_high = fit$upper,
    at = list(
      time = read$time, survival = read$surv, std_error = read$std.err,
      conf_low = read$lower, conf_high = read$upper, n_risk = read$n.risk
    ),
    quantile = list(
      p = shares, estimate = unname(quant$quantile),
      conf_low = unname(quant$lower), conf_high = unname(quant$upper)
    )
  )
}

curves <- function(time, event) {
  both <- list(time = time, event = event, curves = list())
  for (conf_type in conf_types) both$curves[[conf_type]] <- curve(time, event, conf_type)
  both$reverse <- curve(time, 1 - event, "log")
  both
}

test_of <- function(time, event, group) {
  fit <- survdiff(Surv(time, event) ~ group)
  groups <- sum(fit$exp > 0)
  list(
    n = as.vector(fit$n), observed = fit$obs, expected = fit$exp, variance = unname(fit$var),
    statistic = fit$chisq, df = groups - 1,
    p_value = pchisq(fit$chisq, groups - 1, lower.tail = FALSE),
    log10_p = pchisq(fit$chisq, groups - 1, lower.tail = FALSE, log.p = TRUE) / log(10)
  )
}

# Small data sets with many ties, deaths and censorings on one day, events at time 0, curves that end at 0 or level.
simulated <- lapply(1:24, function(k) {
  n <- sample(c(3, 6, 10, 25, 60), 1)
  curves(floor(rexp(n, 1 / sample(c(4, 12, 40), 1))) + (k %% 4 > 0), rbinom(n, 1, sample(c(0.4, 0.7, 1), 1)))
})
edges <- list(
  curves(c(1, 2, 3, 4, 5, 6), c(0, 1, 1, 0, 1, 1)), # begins with a censoring, ends at 0
  curves(c(1, 2, 3, 4), c(1, 1, 0, 0)), # level at 0.5 up to a censored end
  curves(c(1, 2, 3, 4), c(1, 1, 1, 1)), # level at 0.5 between two events
  curves(c(1, 2, 3, 4), c(0, 0, 0, 0)), # no event
  curves(c(5, 5, 5), c(1, 1, 1)), # all at one time
  curves(c(2, 2, 3, 3, 5), c(1, 0, 1, 0, 0)), # death and censoring on one day
  curves(c(0, 0, 3, 5, 8), c(1, 0, 1, 1, 0)) # event at time 0
)

log_rank <- lapply(1:12, function(k) {
  n <- sample(c(12, 40, 150), 1)
  g <- sample(c("a", "b", "c", "d")[1:(2 + k %% 3)], n, replace = TRUE)
  time <- floor(rexp(n, 1 / ifelse(g == "a", 20, 10))) + 1
  event <- rbinom(n, 1, 0.7)
  list(time = time, event = event, group = g, test = test_of(time, event, g))
})
# a group censored before the first event has no expected event and does not count
early <- list(time = c(1, 1, 2, 3, 4, 5, 6, 7), event = c(0, 0, 1, 1, 0, 1, 1, 0), group = c("x", "x", "a", "b", "a", "b", "a", "b"))
early$test <- test_of(early$time, early$event, early$group)

cells <- as.character(veteran$celltype)
pairs <- combn(sort(unique(cells)), 2)
pair_p <- apply(pairs, 2, function(two) {
  rows <- cells %in% two
  test_of(veteran$time[rows], veteran$status[rows], cells[rows])$p_value
})
pairwise <- list(
  time = veteran$time, event = veteran$status, group = cells,
  group_a = pairs[1, ], group_b = pairs[2, ], p_value = pair_p, p_holm = p.adjust(pair_p, "holm")
)

tables <- list(
  matrix(c(3, 1, 1, 3), 2), # the lady tasting tea
  matrix(c(36, 118, 12, 65), 2), # responders in two groups
  matrix(c(0, 5, 7, 2), 2),
  matrix(c(2, 10, 15, 3), 2),
  matrix(c(40, 300, 55, 210), 2),
  matrix(c(10, 0, 0, 12), 2),
  matrix(c(1, 2, 1, 0, 3, 3, 6, 1, 10, 10, 14, 9, 6, 7, 12, 11), 4, byrow = TRUE), # Agresti 2002, p. 57
  matrix(c(11, 6, 12, 10, 11, 6, 11, 6, 6, 13, 7, 11), 3, byrow = TRUE), # 3 x 4, 110 patients
  matrix(c(20, 8, 3, 2, 9, 14, 6, 4, 3, 7, 15, 19), 3, byrow = TRUE), # 3 x 4, 110 patients
  matrix(c(9, 6, 7, 5, 14, 5, 5, 3, 5, 9, 8, 4, 7, 7, 9, 7), 4, byrow = TRUE), # 4 x 4, 110 patients
  matrix(c(5, 3, 0, 2, 4, 6), 2),
  matrix(c(5, 3, 0, 2, 4, 6, 1, 1, 9), 3),
  matrix(c(12, 9, 4, 1, 0, 20, 18, 15, 9, 2), 5),
  matrix(c(3, 0, 2, 1, 4, 0, 1, 5, 2, 2, 3, 1, 0, 4, 6), 3),
  matrix(c(17, 12, 9, 6, 3, 2, 8, 11, 14, 9, 7, 12), 6)
)
described <- lapply(tables, function(table) {
  plain <- suppressWarnings(chisq.test(table, correct = FALSE))
  yates <- suppressWarnings(chisq.test(table, correct = TRUE))
  list(
    table = table, expected = unname(plain$expected),
    statistic = unname(plain$statistic), df = unname(plain$parameter), p_value = plain$p.value,
    yates = if (all(dim(table) == 2)) list(statistic = unname(yates$statistic), p_value = yates$p.value),
    fisher = fisher.test(table, workspace = 2e8)$p.value
  )
})

samples <- list(
  list(c(2.9, 3.0, 2.5, 2.6, 3.2), c(3.8, 2.7, 4.0, 2.4), c(2.8, 3.4, 3.7, 2.2, 2.0)), # Hollander and Wolfe 1973
  list(c(1, 2, 2, 3, 3, 3), c(2, 3, 4, 4, 5)),
  list(lung$age[lung$sex == 1], lung$age[lung$sex == 2]),
  list(c(1, 1, 1), c(1, 1, 2)),
  list(c(1, 2, 3, 4), c(1, 2, 3, 4)),
  unname(lapply(split(veteran$karno, veteran$celltype), as.numeric))
)
ranks <- lapply(samples, function(groups) {
  kruskal <- kruskal.test(groups)
  plain <- wilcox.test(groups[[1]], groups[[2]], exact = FALSE, correct = FALSE)
  moved <- wilcox.test(groups[[1]], groups[[2]], exact = FALSE, correct = TRUE)
  list(
    groups = groups,
    kruskal = list(statistic = unname(kruskal$statistic), df = unname(kruskal$parameter), p_value = kruskal$p.value),
    w = unname(plain$statistic), p_none = plain$p.value, p_continuity = moved$p.value
  )
})

describe <- lapply(list(lung$age, veteran$diagtime, c(3, 1, 2), c(4, 9), c(7, 7, 7, 1), c(0.1, 0.7, 0.2, 0.4)), function(x) {
  list(
    values = x, mean = mean(x), sd = sd(x), median = median(x), range = range(x),
    type7 = quantile(x, c(0.25, 0.75), names = FALSE, type = 7),
    type6 = quantile(x, c(0.25, 0.75), names = FALSE, type = 6)
  )
})

proportion <- apply(
  rbind(c(36, 154), c(12, 77), c(0, 10), c(10, 10), c(1, 1), c(1, 110), c(55, 110), c(109, 110)), 1,
  function(xn) {
    one <- function(level) {
      list(
        conf_level = level,
        clopper_pearson = binom.test(xn[1], xn[2], conf.level = level)$conf.int[1:2],
        wilson = suppressWarnings(prop.test(xn[1], xn[2], conf.level = level, correct = FALSE))$conf.int[1:2]
      )
    }
    list(x = xn[1], n = xn[2], intervals = lapply(c(0.9, 0.95, 0.99), one))
  }
)

p <- c(0.01, 0.04, 0.03, 0.5, 0.04, 1e-20, 0.9)
tails <- expand.grid(statistic = c(0.001, 1.5, 12, 300, 1400, 5000, 1e5), df = c(1, 2, 3, 8, 50))
tails$p_value <- pchisq(tails$statistic, tails$df, lower.tail = FALSE)
tails$log10_p <- pchisq(tails$statistic, tails$df, lower.tail = FALSE, log.p = TRUE) / log(10)

write_golden(
  list(
    source = source_of("lung and veteran of that package; tables and samples as named in compare.R, or simulated"),
    edges = edges, simulated = simulated, log_rank = log_rank, early = early, pairwise = pairwise,
    tables = described, ranks = ranks, describe = describe, proportion = proportion,
    holm = list(p_values = p, adjusted = p.adjust(p, "holm")), tails = as.list(tails)
  ),
  "compare.json"
)
