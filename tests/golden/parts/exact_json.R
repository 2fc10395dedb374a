# Golden files as text: every number is written with as many digits as it takes to read the same double again,
# 17 at most (jsonlite stops at 15).
digits17 <- function(x) {
  known <- !is.na(x)
  stopifnot(is.finite(x[known]))
  text <- rep("null", length(x))
  short <- sprintf("%.15g", x[known])
  text[known] <- ifelse(as.numeric(short) == x[known], short, sprintf("%.17g", x[known]))
  text
}
exact <- function(x) {
  if (is.matrix(x)) return(lapply(seq_len(nrow(x)), function(i) exact(as.list(unname(x[i, ])))))
  if (is.list(x)) return(lapply(x, exact))
  if (!is.numeric(x)) return(x)
  text <- paste(digits17(x), collapse = ",")
  structure(if (length(x) == 1) text else paste0("[", text, "]"), class = "json")
}

# One key to a line, so that a change can be read in a diff.
write_golden <- function(content, name) {
  text <- toJSON(exact(content), auto_unbox = TRUE, null = "null", json_verbatim = TRUE)
  writeLines(gsub(",(\"[^\"]*\":)", ",\n\\1", text), file.path("r", name))
}

# What a golden file says about itself; `data` names where its data come from.
source_of <- function(...) {
  paste0(paste0("R ", getRversion()), ", survival ", packageDescription("survival")$Version, "; ", paste0(...))
}
