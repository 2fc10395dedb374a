# r/stepwise.json: whole paths of stepwise Cox regression by the rules of SPSS's COXREG, Breslow ties.
indicators <- function(f, levels, name) {
  matrix(sapply(levels, function(level) as.numeric(f == level)), ncol = length(levels),
         dimnames = list(NULL, paste0(name, seq_along(levels))))
}
single <- function(d) {
  sapply(names(d), function(v) matrix(as.numeric(d[[v]]), dimnames = list(NULL, v)), simplify = FALSE)
}

v <- veteran
cells <- indicators(v$celltype, c("squamous", "smallcell", "adeno"), "celltype")  # the last level is the reference
v_blocks <- c(single(v["trt"]), list(celltype = cells), single(v[c("karno", "diagtime", "age", "prior")]))

p <- pbc[complete.cases(pbc), ]
p$sex <- p$sex == "f"
one_column <- c("trt", "age", "sex", "ascites", "hepato", "spiders", "bili", "chol", "albumin", "copper", "alk.phos",
                "ast", "trig", "platelet", "protime")
p_blocks <- c(single(setNames(p[one_column], sub("alk.phos", "alkphos", one_column))),
              list(edema = indicators(p$edema, c(.5, 1), "edema"), stage = indicators(p$stage, 2:4, "stage")))
# Six columns that share what they tell, tied times.
collinear <- function(seed) {
  set.seed(seed)
  n <- 40
  shared <- rnorm(n)
  x <- sapply(letters[1:6], function(k) round(shared * runif(1, -1, 1) + rnorm(n), 2))
  x[, "f"] <- round(x[, "a"] + x[, "b"] - x[, "c"] + rnorm(n, sd = .3), 2)
  time <- ceiling(10 * rexp(n, exp(drop(x %*% runif(6, -.5, .5)))))
  list(time = time, event = rbinom(n, 1, .8), blocks = single(as.data.frame(x)))
}

drawn <- list(a = collinear(95), b = collinear(38), c = collinear(51))

data <- c(list(veteran = list(time = v$time, event = v$status, blocks = v_blocks),
               pbc = list(time = p$time, event = as.numeric(p$status == 2), blocks = p_blocks)), drawn)

path_of <- function(name, direction, criterion, enter, remove) {
  d <- data[[name]]
  path <- select_terms(Surv(d$time, d$event), d$blocks, "breslow", direction, criterion, enter, remove)
  b <- unname(coef(path$fit)); se <- unname(sqrt(diag(vcov(path$fit)))); z <- qnorm(.975)
  list(data = name, direction = direction, criterion = criterion, enter = enter, remove = remove,
       minus_2_log_likelihood_null = path$null, steps = path$steps, stop = path$stop, selected = I(path$selected),
       fit = list(minus_2_log_likelihood = -2 * path$fit$loglik[2], coefficients = b, std_error = se, wald = (b / se)^2,
                  hazard_ratio = exp(b), conf_low = exp(b - z * se), conf_high = exp(b + z * se)))
}
# The drawn data were searched for. a and b end because the next model was met before: in a a term that entered would
# leave (forward), or one that left would enter (backward); in b one that left would enter. In c one that left enters.
asked <- rbind(
  expand.grid(data = c("veteran", "pbc"), direction = c("forward", "backward"), enter = .1, stringsAsFactors = FALSE),
  data.frame(data = c("a", "a", "b", "b", "c"), direction = c("forward", "backward")[c(1, 2, 1, 2, 2)],
             enter = c(.1, .1, .2, .2, .1)))
paths <- list()
for (k in seq_len(nrow(asked))) for (criterion in c("conditional", "likelihood-ratio", "wald")) {
  id <- paste(asked$data[k], asked$direction[k], criterion)
  paths[[id]] <- path_of(asked$data[k], asked$direction[k], criterion, asked$enter[k], .1)
}
as_columns <- function(d) modifyList(d, list(blocks = lapply(d$blocks, function(block) as.list(as.data.frame(block)))))

write_golden(list(
  source = source_of("veteran and the complete rows of pbc of that package; a, b and c are drawn; ",
                     "coxph(ties = 'breslow', eps = 1e-14) under the rules of IBM SPSS Statistics, COXREG, METHOD"),
  data = lapply(data, as_columns), paths = paths
), "stepwise.json")
