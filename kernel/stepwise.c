/* Stepwise selection on resampled patients: the rules of stepwise.py and selection.py, many times in one call.

   Terms are groups of neighboring columns. Where anything but a smooth fit is met, or a P value underflows, the
   resample is left to stepwise.py. */

#include "kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PIVOT_TOLERANCE 1.8189894035458565e-12 /* as in climb.c */
#define LEAST_P 1e-300

/* A fitted set of terms. */
typedef struct {
    ptrdiff_t n_terms, n_columns;
    ptrdiff_t *terms;   /* in order of entry */
    ptrdiff_t *columns; /* those of the terms that carry information */
    double *beta, *information, log_likelihood; /* information: (n_columns, n_columns) at the last point */
} Model;

/* One resample, laid out. */
typedef struct {
    const Patients *patients;
    const Rules *rules;
    Rows rows; /* those drawn, all columns standardized */
    Cells cells;
    int64_t bounds[2];
    double *observed, *span, *reference;
    double *part, *part_observed, *part_span, *part_reference; /* of some columns, while they are fitted */
    double *step, *matrix, *vector, *other, *beta;
    ptrdiff_t *order, *kept;
    Point null, here;
    uint64_t *seen; /* sets of terms met, a bit each */
    ptrdiff_t n_seen;
} Search;

/* P of a chi-square with a whole number of degrees of freedom. */
static double chi_square_tail(double statistic, ptrdiff_t df) {
    const double half = statistic / 2.0;
    double sum = 0.0, term = df % 2 == 0 ? 1.0 : sqrt(half) / (sqrt(M_PI) / 2.0);
    for (ptrdiff_t k = df % 2; k + 2 <= df; k += 2) {
        sum += term;
        term *= half / ((double)k / 2.0 + 1.0);
    }
    return exp(-half) * sum + (df % 2 == 0 ? 0.0 : erfc(sqrt(half)));
}

/* Columns of a symmetric matrix that are no combination of those before them, as `independent` of newton.py finds
   them; the matrix is used up. Returns how many there are. */
static ptrdiff_t independent(double *matrix, ptrdiff_t p, const double *reference, ptrdiff_t *kept) {
    ptrdiff_t n = 0;
    for (ptrdiff_t k = 0; k < p; k++) {
        const double pivot = matrix[k * p + k];
        if (!(pivot > PIVOT_TOLERANCE * reference[k])) continue;
        kept[n++] = k;
        for (ptrdiff_t i = k + 1; i < p; i++)
            for (ptrdiff_t j = k + 1; j < p; j++) matrix[i * p + j] -= matrix[i * p + k] / pivot * matrix[k * p + j];
    }
    return n;
}

/* Copies the rows and columns `which` of a (p, p) matrix. */
static void submatrix(const double *matrix, ptrdiff_t p, const ptrdiff_t *which, ptrdiff_t n, double *to) {
    for (ptrdiff_t i = 0; i < n; i++)
        for (ptrdiff_t j = 0; j < n; j++) to[i * n + j] = matrix[which[i] * p + which[j]];
}

static uint64_t set_of(const ptrdiff_t *terms, ptrdiff_t n) {
    uint64_t set = 0;
    for (ptrdiff_t k = 0; k < n; k++) set |= (uint64_t)1 << terms[k];
    return set;
}

static int was_seen(const Search *s, uint64_t set) {
    for (ptrdiff_t k = 0; k < s->n_seen; k++)
        if (s->seen[k] == set) return 1;
    return 0;
}

static void see(Search *s, uint64_t set) {
    if (!was_seen(s, set) && s->n_seen < MOST_SEEN) s->seen[s->n_seen++] = set;
}

/* The rows of the model's columns, brought together. */
static Rows part_of(Search *s, const ptrdiff_t *columns, ptrdiff_t n_columns) {
    Rows rows = s->rows;
    rows.p = n_columns;
    rows.x = s->part;
    for (ptrdiff_t k = 0; k < n_columns; k++) {
        const ptrdiff_t c = columns[k];
        memcpy(s->part + k * rows.stride, s->rows.x + c * rows.stride, (size_t)rows.n * sizeof(double));
        s->part_observed[k] = s->observed[c];
        s->part_span[k] = s->span[c];
        s->part_reference[k] = s->reference[c];
    }
    s->part_observed[n_columns] = 0.0;
    return rows;
}

/* Fits terms from `start` (of all columns) or, where it is NULL, from 0; `fit_model` of selection.py. */
static Said fit_terms(Search *s, const ptrdiff_t *terms, ptrdiff_t n_terms, const double *start, Model *model) {
    const ptrdiff_t p = s->rows.p;
    ptrdiff_t n = 0;
    for (ptrdiff_t t = 0; t < n_terms; t++)
        for (ptrdiff_t c = s->patients->term[terms[t]]; c < s->patients->term[terms[t] + 1]; c++) s->order[n++] = c;
    submatrix(s->null.information, p, s->order, n, s->matrix);
    for (ptrdiff_t k = 0; k < n; k++) s->part_reference[k] = s->reference[s->order[k]];
    const ptrdiff_t k_kept = independent(s->matrix, n, s->part_reference, s->kept);
    model->n_columns = k_kept;
    model->n_terms = 0;
    for (ptrdiff_t k = 0; k < k_kept; k++) model->columns[k] = s->order[s->kept[k]];
    for (ptrdiff_t t = 0; t < n_terms; t++) {
        int carries = 0;
        for (ptrdiff_t k = 0; k < k_kept; k++)
            carries |= model->columns[k] >= s->patients->term[terms[t]]
                       && model->columns[k] < s->patients->term[terms[t] + 1];
        if (carries) model->terms[model->n_terms++] = terms[t];
    }
    model->log_likelihood = s->null.log_likelihood;
    if (k_kept == 0) return DONE;
    const Rows rows = part_of(s, model->columns, k_kept);
    Point point = {0.0, s->vector, model->information};
    ptrdiff_t iterations;
    for (ptrdiff_t k = 0; k < k_kept; k++) model->beta[k] = start == NULL ? 0.0 : start[model->columns[k]];
    Said said = likelihood_point(&rows, &s->cells, s->part_observed, model->beta, &point);
    if (said == DONE)
        said = climb(&rows, &s->cells, s->part_observed, s->part_span, s->part_reference, model->beta, &point, s->step,
                     &iterations);
    for (ptrdiff_t k = 0; k < k_kept; k++) model->beta[k] += s->step[k];
    model->log_likelihood = point.log_likelihood;
    return said == BEYOND ? UNSETTLED : said;
}

/* Score test of a term's columns given those of the model: P, or 2 if they add nothing, or -1 if it cannot be had. */
static double entry_p(Search *s, const Point *point, const Model *model, ptrdiff_t term) {
    const ptrdiff_t p = s->rows.p, n_old = model->n_columns;
    ptrdiff_t n = n_old, df = 0;
    memcpy(s->order, model->columns, (size_t)n * sizeof *s->order);
    for (ptrdiff_t c = s->patients->term[term]; c < s->patients->term[term + 1]; c++) s->order[n++] = c;
    submatrix(point->information, p, s->order, n, s->matrix);
    for (ptrdiff_t k = 0; k < n; k++) s->part_reference[k] = s->reference[s->order[k]];
    const ptrdiff_t n_kept = independent(s->matrix, n, s->part_reference, s->kept);
    for (ptrdiff_t k = 0; k < n_kept; k++) {
        df += s->kept[k] >= n_old;
        s->vector[k] = s->kept[k] < n_old ? 0.0 : point->score[s->order[s->kept[k]]];
        s->part_reference[k] = 0.0;
        s->kept[k] = s->order[s->kept[k]];
    }
    if (df == 0) return 2.0;
    submatrix(point->information, p, s->kept, n_kept, s->matrix);
    if (!factorize(s->matrix, n_kept, s->part_reference)) return -1.0;
    memcpy(s->step, s->vector, (size_t)n_kept * sizeof(double));
    solve(s->matrix, n_kept, s->step);
    double statistic = 0.0; /* (0, u)' inverse (0, u) = u' (inverse of the part that the model leaves) u */
    for (ptrdiff_t k = 0; k < n_kept; k++) statistic += s->vector[k] * s->step[k];
    return chi_square_tail(fmax(statistic, 0.0), df);
}

/* Removal test of a term by the criterion: P, or -1 if it cannot be had. */
static double removal_p(Search *s, const Model *model, ptrdiff_t term, Model *smaller) {
    const ptrdiff_t k_all = model->n_columns, p = s->rows.p;
    const ptrdiff_t first = s->patients->term[term], last = s->patients->term[term + 1];
    ptrdiff_t gone[MOST_BLOCK], g = 0;
    for (ptrdiff_t k = 0; k < k_all; k++)
        if (model->columns[k] >= first && model->columns[k] < last) gone[g++] = k;
    double *inverse = s->matrix, *root = s->other, *zero = s->part_reference;
    memcpy(root, model->information, (size_t)(k_all * k_all) * sizeof(double));
    memset(zero, 0, (size_t)p * sizeof(double));
    if (!factorize(root, k_all, zero)) return -1.0;
    memset(inverse, 0, (size_t)(k_all * k_all) * sizeof(double));
    for (ptrdiff_t k = 0; k < k_all; k++) {
        inverse[k * k_all + k] = 1.0;
        solve(root, k_all, inverse + k * k_all);
    }
    double block[MOST_BLOCK * MOST_BLOCK], weight[MOST_BLOCK], statistic = 0.0;
    for (ptrdiff_t i = 0; i < g; i++) {
        weight[i] = model->beta[gone[i]];
        for (ptrdiff_t j = 0; j < g; j++) block[i * g + j] = inverse[gone[i] * k_all + gone[j]];
    }
    if (!factorize(block, g, zero)) return -1.0;
    solve(block, g, weight);
    for (ptrdiff_t i = 0; i < g; i++) statistic += model->beta[gone[i]] * weight[i];
    if (s->rules->criterion == WALD) return chi_square_tail(fmax(statistic, 0.0), g);
    memset(s->beta, 0, (size_t)p * sizeof(double)); /* conditional estimates of the columns that stay */
    smaller->n_columns = 0;
    for (ptrdiff_t k = 0; k < k_all; k++) {
        if (model->columns[k] >= first && model->columns[k] < last) continue;
        double b = model->beta[k];
        for (ptrdiff_t i = 0; i < g; i++) b -= inverse[k * k_all + gone[i]] * weight[i];
        s->beta[model->columns[k]] = b;
        smaller->columns[smaller->n_columns++] = model->columns[k];
    }
    smaller->log_likelihood = s->null.log_likelihood;
    Said said = DONE;
    if (s->rules->criterion == CONDITIONAL && smaller->n_columns > 0) {
        const Rows rows = part_of(s, smaller->columns, smaller->n_columns);
        Point point = {0.0, s->vector, smaller->information};
        for (ptrdiff_t k = 0; k < rows.p; k++) smaller->beta[k] = s->beta[smaller->columns[k]];
        said = likelihood_point(&rows, &s->cells, s->part_observed, smaller->beta, &point);
        smaller->log_likelihood = point.log_likelihood;
    }
    if (s->rules->criterion == LIKELIHOOD_RATIO) {
        ptrdiff_t others[MOST_TERMS], n = 0;
        for (ptrdiff_t t = 0; t < model->n_terms; t++)
            if (model->terms[t] != term) others[n++] = model->terms[t];
        said = fit_terms(s, others, n, s->beta, smaller);
    }
    if (said != DONE) return -1.0;
    return chi_square_tail(fmax(2.0 * (model->log_likelihood - smaller->log_likelihood), 0.0), g);
}

/* Takes the least significant term out, again and again; `ended` when a model is met again. */
static Said remove_terms(Search *s, Model **model, Model **spare, int *ended) {
    while ((*model)->n_terms > 0) {
        const Model *m = *model;
        double worst = -1.0;
        ptrdiff_t which = 0, terms[MOST_TERMS], n = 0;
        for (ptrdiff_t t = 0; t < m->n_terms; t++) {
            const double found = removal_p(s, m, m->terms[t], *spare);
            if (!(found > LEAST_P)) return UNSETTLED;
            if (found > worst) {
                worst = found;
                which = t;
            }
        }
        for (ptrdiff_t t = 0; t < m->n_terms; t++)
            if (t != which) terms[n++] = m->terms[t];
        const int met = was_seen(s, set_of(terms, n));
        if (worst < s->rules->remove || met) {
            *ended = met && worst >= s->rules->remove;
            return DONE;
        }
        Said said = fit_terms(s, terms, n, NULL, *spare);
        if (said != DONE) return said;
        Model *smaller = *spare;
        *spare = *model;
        *model = smaller;
        see(s, set_of(terms, n));
    }
    return DONE;
}

/* Takes the most significant term in; `ended` when none may. */
static Said enter_term(Search *s, Model **model, Model **spare, int *ended) {
    const Model *m = *model;
    const Point *point = &s->null;
    const uint64_t inside = set_of(m->terms, m->n_terms);
    double best = 2.0;
    ptrdiff_t which = -1, terms[MOST_TERMS];
    if (m->n_columns > 0 && m->n_terms < s->patients->n_terms) {
        memset(s->beta, 0, (size_t)s->rows.p * sizeof(double));
        for (ptrdiff_t k = 0; k < m->n_columns; k++) s->beta[m->columns[k]] = m->beta[k];
        Said said = likelihood_point(&s->rows, &s->cells, s->observed, s->beta, &s->here);
        if (said != DONE) return said == NO_MEMORY ? said : UNSETTLED;
        point = &s->here;
    }
    for (ptrdiff_t t = 0; t < s->patients->n_terms; t++) {
        if (inside >> t & 1) continue;
        const double found = entry_p(s, point, m, t);
        if (!(found > LEAST_P)) return UNSETTLED;
        if (found < best) {
            best = found;
            which = t;
        }
    }
    *ended = which < 0 || !(best < s->rules->enter) || was_seen(s, inside | (uint64_t)1 << which);
    if (*ended) return DONE;
    memcpy(terms, m->terms, (size_t)m->n_terms * sizeof *terms);
    terms[m->n_terms] = which;
    Said said = fit_terms(s, terms, m->n_terms + 1, NULL, *spare);
    if (said != DONE) return said;
    see(s, inside | (uint64_t)1 << which);
    Model *larger = *spare;
    *spare = *model;
    *model = larger;
    see(s, set_of(larger->terms, larger->n_terms));
    return DONE;
}

/* Brings together the rows drawn, standardizes their columns and lays them out by risk set; times[i] is how often
   patient i was drawn. `x`, `slot`, `weight`, `n_tied` and `count` have room for all patients. Returns 0 where none
   of them has the event. */
static int lay_out(Search *s, const int64_t *times, double *x, int64_t *slot, double *weight, double *n_tied,
                   double *count) {
    const Patients *all = s->patients;
    ptrdiff_t n = 0, n_cells = 0;
    double total = 0.0, events = 0.0;
    memset(count, 0, (size_t)all->n_times * sizeof(double));
    for (ptrdiff_t i = 0; i < all->n; i++) {
        if (times[i] <= 0) continue;
        weight[n] = (double)times[i];
        total += weight[n];
        if (all->key[i] % 2 == 1) count[all->key[i] / 2] += weight[n];
        for (ptrdiff_t k = 0; k < all->p; k++) x[k * all->n + n] = all->x[k * all->n + i];
        slot[n++] = all->key[i];
    }
    for (ptrdiff_t t = 0; t < all->n_times; t++) { /* count becomes the last cell at or before each time, plus 1 */
        if (count[t] > 0.0) {
            events += count[t];
            n_tied[n_cells++] = count[t];
        }
        count[t] = (double)n_cells;
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        const ptrdiff_t cell = (ptrdiff_t)count[slot[i] / 2] - 1;
        slot[i] = cell < 0 ? 2 * n_cells : 2 * cell + slot[i] % 2;
    }
    s->bounds[0] = 0;
    s->bounds[1] = n_cells;
    s->cells = (Cells){n_cells, 1, s->bounds, n_tied, n_tied, all->efron};
    s->rows = (Rows){n, all->p, slot, NULL, weight, x, all->n};
    memset(s->observed, 0, (size_t)(all->p + 1) * sizeof(double));
    for (ptrdiff_t k = 0; k < all->p; k++) {
        double *column = x + k * all->n, low = INFINITY, high = -INFINITY, sum = 0.0, deviations = 0.0, squares = 0.0;
        for (ptrdiff_t i = 0; i < n; i++) {
            low = fmin(low, column[i]);
            high = fmax(high, column[i]);
            sum += weight[i] * column[i];
        }
        const double center = low == high ? low : sum / total;
        for (ptrdiff_t i = 0; i < n; i++) deviations += weight[i] * fabs(column[i] - center);
        const double scale = low == high ? 1.0 : deviations / total;
        for (ptrdiff_t i = 0; i < n; i++) {
            column[i] = (column[i] - center) / scale;
            squares += weight[i] * column[i] * column[i];
            if (slot[i] % 2 == 1) s->observed[k] += weight[i] * column[i];
        }
        s->span[k] = (high - low) / scale;
        s->reference[k] = squares / total * events;
        s->step[k] = scale; /* for the coefficients */
    }
    return n_cells > 0;
}

static Said walk(Search *s, Model **model, Model **spare) {
    ptrdiff_t terms[MOST_TERMS];
    const ptrdiff_t n = s->rules->backward ? s->patients->n_terms : 0;
    int ended = 0;
    for (ptrdiff_t t = 0; t < n; t++) terms[t] = t;
    Said said = fit_terms(s, terms, n, NULL, *model);
    s->n_seen = 0;
    see(s, set_of((*model)->terms, (*model)->n_terms));
    if (said == DONE && s->rules->backward) said = remove_terms(s, model, spare, &ended);
    while (said == DONE && !ended) {
        said = enter_term(s, model, spare, &ended);
        if (said == DONE && !ended) said = remove_terms(s, model, spare, &ended);
        if (s->n_seen == MOST_SEEN) said = UNSETTLED;
    }
    return said;
}

static Model model_in(double **room, ptrdiff_t **places, ptrdiff_t p) {
    Model model = {0, 0, *places, *places + MOST_TERMS, *room, *room + p, 0.0};
    *places += MOST_TERMS + p;
    *room += p + p * p;
    return model;
}

Said stepwise(const Patients *patients, const Rules *rules, const int64_t *draws, ptrdiff_t n_draws, int64_t *status,
              double *coefficients) {
    const ptrdiff_t n = patients->n, p = patients->p, times = patients->n_times;
    const size_t doubles = (size_t)(2 * p * n + n + 2 * times + 14 * (p + 1) + 8 * p * p);
    double *room = malloc(doubles * sizeof(double));
    ptrdiff_t *places = malloc((size_t)(2 * p + 2 * (MOST_TERMS + p)) * sizeof *places);
    int64_t *slot = malloc((size_t)n * sizeof *slot);
    uint64_t *seen = malloc(MOST_SEEN * sizeof *seen);
    Said said = room == NULL || places == NULL || slot == NULL || seen == NULL ? NO_MEMORY : DONE;
    for (ptrdiff_t r = 0; r < n_draws && said == DONE; r++) {
        double *next = room;
        ptrdiff_t *place = places;
        Search s = {.patients = patients, .rules = rules, .seen = seen};
        double **const vectors[] = {&s.observed, &s.span, &s.reference, &s.part_observed, &s.part_span,
                                    &s.part_reference, &s.step, &s.vector, &s.beta, &s.null.score, &s.here.score};
        for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++, next += p + 1) *vectors[k] = next;
        double **const matrices[] = {&s.matrix, &s.other, &s.null.information, &s.here.information};
        for (size_t k = 0; k < sizeof matrices / sizeof *matrices; k++, next += p * p) *matrices[k] = next;
        s.order = place;
        s.kept = place + p;
        place += 2 * p;
        Model first = model_in(&next, &place, p), second = model_in(&next, &place, p);
        Model *model = &first, *spare = &second;
        s.part = next;
        double *x = s.part + p * n, *weight = x + p * n, *n_tied = weight + n, *count = n_tied + times;
        double *row = coefficients + r * p;
        for (ptrdiff_t k = 0; k < p; k++) row[k] = NAN;
        Said found = UNSETTLED;
        double scale[MOST_COLUMNS];
        if (lay_out(&s, draws + r * n, x, slot, weight, n_tied, count)) {
            memcpy(scale, s.step, (size_t)p * sizeof(double));
            memset(s.beta, 0, (size_t)p * sizeof(double));
            found = likelihood_point(&s.rows, &s.cells, s.observed, s.beta, &s.null);
            if (found == DONE) found = walk(&s, &model, &spare);
        }
        for (ptrdiff_t k = 0; k < model->n_columns && found == DONE; k++)
            row[model->columns[k]] = model->beta[k] / scale[model->columns[k]];
        status[r] = found == DONE ? (int64_t)set_of(model->terms, model->n_terms) : -1;
        if (found == NO_MEMORY) said = found;
    }
    free(room);
    free(places);
    free(slot);
    free(seen);
    return said;
}
