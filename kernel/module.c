/* The door to Python: arrays come in by the buffer protocol, are checked, and are given to the parts of the kernel.

   The lock of the interpreter is released while a part computes, so threads of Python run shards side by side.
   Nothing of NumPy is needed to compile this, and one compiled file serves Python 3.11 and all that follow. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include "kernel.h"

#include <string.h>

/* An array of the caller: doubles or int64, one or two axes, the last one without gaps. */
typedef struct {
    Py_buffer buffer;
    void *data; /* NULL for None */
    ptrdiff_t rows, columns, row_step; /* in elements; one row where there is one axis */
} Array;

static int is_of(const Py_buffer *b, const char *formats) {
    return b->itemsize == 8 && b->format != NULL && strlen(b->format) == 1 && strchr(formats, b->format[0]) != NULL;
}

static void release(Array *arrays, int n) {
    for (int k = 0; k < n; k++)
        if (arrays[k].data != NULL) PyBuffer_Release(&arrays[k].buffer);
}

/* Takes the arrays that `kinds` names, a letter each: f, i one axis of doubles or of int64; m two axes of doubles,
   s the same with any steps; d two axes of int64; F, M, I, C the same as f, m, i, d, to be written; o, j as f, i, or
   None. Returns 0 and sets an error if one is anything else. */
static int take(PyObject *const *given, Py_ssize_t n_given, const char *kinds, Array *arrays) {
    const int n = (int)strlen(kinds);
    if (n_given != n) {
        PyErr_Format(PyExc_TypeError, "%d arguments were expected; got %zd", n, n_given);
        return 0;
    }
    for (int k = 0; k < n; k++) {
        Array *a = &arrays[k];
        memset(a, 0, sizeof *a);
        const char kind = kinds[k];
        if (strchr("oj", kind) != NULL && given[k] == Py_None) continue;
        const int axes = strchr("msdMC", kind) != NULL ? 2 : 1;
        const int flags = PyBUF_STRIDES | PyBUF_FORMAT | (strchr("FMIC", kind) != NULL ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(given[k], &a->buffer, flags) < 0) return release(arrays, k), 0;
        const Py_buffer *b = &a->buffer;
        a->data = b->buf == NULL ? (void *)&a->buffer : b->buf; /* an empty array may have no address */
        const int fits = is_of(b, strchr("ijdIC", kind) != NULL ? "lq" : "d") && b->ndim == axes
                         && (kind == 's' || b->shape[axes - 1] < 2 || b->strides[axes - 1] == 8)
                         && (axes == 1 || b->strides[0] % 8 == 0);
        if (!fits) {
            PyErr_Format(PyExc_ValueError, "argument %d is not an array of the kind expected", k + 1);
            return release(arrays, k + 1), 0;
        }
        a->rows = axes == 2 ? b->shape[0] : 1;
        a->columns = b->shape[axes - 1];
        a->row_step = axes == 2 ? b->strides[0] / 8 : 0;
    }
    return 1;
}

static PyObject *told(Said said, PyObject *(*answer)(const void *), const void *what) {
    if (said == DONE) return answer(what);
    if (said == NO_MEMORY) return PyErr_NoMemory();
    if (said == BAD_SLOT) PyErr_SetString(PyExc_ValueError, "slot: a row names a slot that does not exist");
    if (said == BAD_SLOT) return NULL;
    Py_RETURN_NONE; /* BEYOND, UNSETTLED */
}

static PyObject *nothing(const void *what) {
    (void)what;
    Py_RETURN_NONE;
}

static PyObject *number(const void *what) { return PyFloat_FromDouble(*(const double *)what); }

static PyObject *shapes_differ(Array *arrays, int n) {
    release(arrays, n);
    PyErr_SetString(PyExc_ValueError, "the shapes of the arrays do not belong together");
    return NULL;
}

/* Rows from slot, start, weight, x, which stand first among the arguments of most functions. */
static int rows_of(const Array *a, Rows *rows) {
    const ptrdiff_t n = a[0].columns;
    *rows = (Rows){n, a[3].rows, a[0].data, a[1].data, a[2].data, a[3].data, a[3].row_step};
    return rows->p > 0 && a[3].columns == n && (a[1].data == NULL || a[1].columns == n)
           && (a[2].data == NULL || a[2].columns == n);
}

/* Cells from bounds, n_tied, tied_weight and efron, an array with 1 for Efron's method, 0 for Breslow's. */
static int cells_of(const Array *a, Cells *cells) {
    const int64_t *bounds = a[0].data;
    *cells = (Cells){a[1].columns, a[0].columns - 1, bounds, a[1].data, a[2].data, 0};
    if (a[0].columns < 2 || a[2].columns != cells->n || a[3].columns != 1 || bounds[0] < 0) return 0;
    cells->efron = *(const double *)a[3].data != 0.0;
    for (ptrdiff_t s = 0; s < cells->strata; s++)
        if (bounds[s + 1] < bounds[s] || bounds[s + 1] > cells->n) return 0;
    return 1;
}

static PyObject *py_risk_sums(PyObject *self, PyObject *const *given, Py_ssize_t n_given) {
    (void)self;
    enum { SLOT, START, WEIGHT, X, BETA, TABLE, THETA, N };
    Array a[N];
    Rows rows;
    double peak = 0.0;
    if (!take(given, n_given, "ijomfMF", a)) return NULL;
    const ptrdiff_t p = a[X].rows, width = table_width(p);
    if (!rows_of(a, &rows) || a[BETA].columns != p || a[THETA].columns != rows.n || a[TABLE].columns != width
        || a[TABLE].row_step != width)
        return shapes_differ(a, N);
    Said said;
    Py_BEGIN_ALLOW_THREADS;
    said = risk_sums(&rows, a[BETA].data, a[TABLE].rows, a[TABLE].data, a[THETA].data, &peak);
    Py_END_ALLOW_THREADS;
    release(a, N);
    return told(said, number, &peak);
}

static PyObject *py_gram(PyObject *self, PyObject *const *given, Py_ssize_t n_given) {
    (void)self;
    enum { SLOT, START, WEIGHT, X, THETA, HAZARD, TOTAL, N };
    Array a[N];
    Rows rows;
    if (!take(given, n_given, "ijomffM", a)) return NULL;
    const ptrdiff_t p = a[X].rows;
    if (!rows_of(a, &rows) || a[THETA].columns != rows.n || a[TOTAL].rows != p || a[TOTAL].columns != p
        || a[TOTAL].row_step != p)
        return shapes_differ(a, N);
    Said said;
    Py_BEGIN_ALLOW_THREADS;
    said = gram(&rows, a[THETA].data, a[HAZARD].data, a[HAZARD].columns, a[TOTAL].data);
    Py_END_ALLOW_THREADS;
    release(a, N);
    return told(said, nothing, NULL);
}

static PyObject *py_tie_terms(PyObject *self, PyObject *const *given, Py_ssize_t n_given) {
    (void)self;
    enum { RISK, TIED_RISK, N_TIED, TIED_WEIGHT, EFRON, TERMS, N };
    Array a[N];
    if (!take(given, n_given, "fffffM", a)) return NULL;
    const ptrdiff_t n = a[RISK].columns, step = a[TERMS].row_step;
    if (a[TIED_RISK].columns != n || a[N_TIED].columns != n || a[TIED_WEIGHT].columns != n || a[EFRON].columns != 1
        || a[TERMS].rows != 6 || a[TERMS].columns != n)
        return shapes_differ(a, N);
    const double *risk = a[RISK].data, *tied = a[TIED_RISK].data, *m = a[N_TIED].data, *weight = a[TIED_WEIGHT].data;
    const int efron = *(const double *)a[EFRON].data != 0.0;
    double *terms = a[TERMS].data;
    Py_BEGIN_ALLOW_THREADS;
    for (ptrdiff_t c = 0; c < n; c++) {
        TieTerms t = tie_terms(risk[c], tied[c], m[c], weight[c], efron);
        const double six[6] = {t.u0, t.u1, t.v0, t.v1, t.v2, t.log_risk};
        for (int k = 0; k < 6; k++) terms[k * step + c] = six[k];
    }
    Py_END_ALLOW_THREADS;
    release(a, N);
    Py_RETURN_NONE;
}

static PyObject *py_point(PyObject *self, PyObject *const *given, Py_ssize_t n_given) {
    (void)self;
    enum { SLOT, START, WEIGHT, X, BOUNDS, N_TIED, TIED_WEIGHT, EFRON, OBSERVED, BETA, SCORE, INFORMATION, N };
    Array a[N];
    Rows rows;
    Cells cells;
    if (!take(given, n_given, "ijomifffffFM", a)) return NULL;
    const ptrdiff_t p = a[X].rows;
    if (!rows_of(a, &rows) || !cells_of(a + BOUNDS, &cells) || a[OBSERVED].columns != p + 1 || a[BETA].columns != p
        || a[SCORE].columns != p || a[INFORMATION].rows != p || a[INFORMATION].columns != p
        || a[INFORMATION].row_step != p)
        return shapes_differ(a, N);
    Point point = {0.0, a[SCORE].data, a[INFORMATION].data};
    Said said;
    Py_BEGIN_ALLOW_THREADS;
    said = likelihood_point(&rows, &cells, a[OBSERVED].data, a[BETA].data, &point);
    Py_END_ALLOW_THREADS;
    release(a, N);
    return told(said, number, &point.log_likelihood);
}

typedef struct {
    ptrdiff_t iterations;
    double log_likelihood;
} Climbed;

static PyObject *climbed(const void *what) {
    const Climbed *c = what;
    return Py_BuildValue("(nd)", (Py_ssize_t)c->iterations, c->log_likelihood);
}

static PyObject *py_climb(PyObject *self, PyObject *const *given, Py_ssize_t n_given) {
    (void)self;
    enum {
        SLOT, START, WEIGHT, X, BOUNDS, N_TIED, TIED_WEIGHT, EFRON, OBSERVED, SPAN, REFERENCE, HEIGHT, BETA, SCORE,
        INFORMATION, STEP, N
    };
    Array a[N];
    Rows rows;
    Cells cells;
    if (!take(given, n_given, "ijomiffffffFFFMF", a)) return NULL;
    const ptrdiff_t p = a[X].rows;
    int fits = rows_of(a, &rows) && cells_of(a + BOUNDS, &cells) && a[HEIGHT].columns == 1
               && a[OBSERVED].columns == p + 1;
    const int vectors[] = {SPAN, REFERENCE, BETA, SCORE, STEP};
    for (int k = 0; k < 5; k++) fits &= a[vectors[k]].columns == p;
    if (!fits || a[INFORMATION].rows != p || a[INFORMATION].columns != p || a[INFORMATION].row_step != p)
        return shapes_differ(a, N);
    Point point = {*(const double *)a[HEIGHT].data, a[SCORE].data, a[INFORMATION].data};
    Climbed end = {0, 0.0};
    Said said;
    Py_BEGIN_ALLOW_THREADS;
    said = climb(&rows, &cells, a[OBSERVED].data, a[SPAN].data, a[REFERENCE].data, a[BETA].data, &point,
                 a[STEP].data, &end.iterations);
    Py_END_ALLOW_THREADS;
    end.log_likelihood = point.log_likelihood;
    release(a, N);
    return told(said, climbed, &end);
}

static PyObject *py_measure(PyObject *self, PyObject *const *given, Py_ssize_t n_given) {
    (void)self;
    enum { SOURCE, LOW, HIGH, SUM, N };
    Array a[N];
    if (!take(given, n_given, "sFFF", a)) return NULL;
    const ptrdiff_t n = a[SOURCE].rows, p = a[SOURCE].columns;
    if (a[LOW].columns != p || a[HIGH].columns != p || a[SUM].columns != p) return shapes_differ(a, N);
    const Py_ssize_t *steps = a[SOURCE].buffer.strides;
    int finite;
    Py_BEGIN_ALLOW_THREADS;
    finite = measure_columns(a[SOURCE].data, n, p, steps[0], steps[1], a[LOW].data, a[HIGH].data, a[SUM].data);
    Py_END_ALLOW_THREADS;
    release(a, N);
    return PyBool_FromLong(finite);
}

static PyObject *py_standardize(PyObject *self, PyObject *const *given, Py_ssize_t n_given) {
    (void)self;
    enum { SOURCE, CENTER, SCALE, X, SQUARES, N };
    Array a[N];
    if (!take(given, n_given, "sffMF", a)) return NULL;
    const ptrdiff_t n = a[SOURCE].rows, p = a[SOURCE].columns;
    if (a[CENTER].columns != p || a[SCALE].columns != p || a[X].rows != p || a[X].columns != n
        || a[SQUARES].columns != p)
        return shapes_differ(a, N);
    const Py_ssize_t *steps = a[SOURCE].buffer.strides;
    Py_BEGIN_ALLOW_THREADS;
    standardize_columns(a[SOURCE].data, n, p, steps[0], steps[1], a[CENTER].data, a[SCALE].data, a[X].data,
                        a[X].row_step, a[SQUARES].data);
    Py_END_ALLOW_THREADS;
    release(a, N);
    Py_RETURN_NONE;
}

static PyObject *py_count_whole_times(PyObject *self, PyObject *const *given, Py_ssize_t n_given) {
    (void)self;
    enum { TIME, EVENT, GROUP, COUNTS, N };
    Array a[N];
    if (!take(given, n_given, "ffjC", a)) return NULL;
    const ptrdiff_t n = a[TIME].columns, n_groups = a[COUNTS].columns;
    if (a[EVENT].columns != n || (a[GROUP].data != NULL && a[GROUP].columns != n) || a[COUNTS].row_step != n_groups
        || a[COUNTS].rows / 2 > INT32_MAX / 2)
        return shapes_differ(a, N);
    int counted;
    Py_BEGIN_ALLOW_THREADS;
    counted = count_whole_times(a[TIME].data, a[EVENT].data, a[GROUP].data, n, a[COUNTS].rows / 2, n_groups,
                                a[COUNTS].data);
    Py_END_ALLOW_THREADS;
    release(a, N);
    return PyBool_FromLong(counted);
}

static PyObject *py_place_whole_times(PyObject *self, PyObject *const *given, Py_ssize_t n_given) {
    (void)self;
    enum { TIME, EVENT, NUMBER, EVEN_SLOT, STOP, SLOT, N };
    Array a[N];
    if (!take(given, n_given, "ffiiII", a)) return NULL;
    const ptrdiff_t n = a[TIME].columns, n_times = a[NUMBER].columns;
    if (a[EVENT].columns != n || a[STOP].columns != n || a[SLOT].columns != n || a[EVEN_SLOT].columns != n_times)
        return shapes_differ(a, N);
    int placed;
    Py_BEGIN_ALLOW_THREADS;
    placed = place_whole_times(a[TIME].data, a[EVENT].data, n, n_times, a[NUMBER].data, a[EVEN_SLOT].data, a[STOP].data,
                               a[SLOT].data);
    Py_END_ALLOW_THREADS;
    release(a, N);
    return PyBool_FromLong(placed);
}

/* Patients and rules from x, key, term and `rules`: backward, criterion, enter, remove, efron, number of times. */
static int patients_of(const Array *a, Patients *patients, Rules *rules) {
    const int64_t *key = a[1].data, *term = a[2].data;
    const double *r = a[3].data;
    const ptrdiff_t n = a[0].columns, p = a[0].rows, n_terms = a[2].columns - 1;
    if (a[1].columns != n || n_terms < 1 || n_terms > MOST_TERMS || p > MOST_COLUMNS || a[3].columns != 6) return 0;
    if (n < 1 || a[0].row_step != n || !(r[5] >= 1.0 && r[5] <= (double)n) || term[0] != 0 || term[n_terms] != p)
        return 0;
    *patients = (Patients){n, p, (ptrdiff_t)r[5], n_terms, a[0].data, key, term, r[4] != 0.0};
    const Criterion criterion = r[1] == 0.0 ? CONDITIONAL : r[1] == 1.0 ? LIKELIHOOD_RATIO : WALD;
    *rules = (Rules){r[0] != 0.0, criterion, r[2], r[3]};
    for (ptrdiff_t i = 0; i < n; i++)
        if (key[i] < 0 || key[i] / 2 >= patients->n_times) return 0;
    for (ptrdiff_t t = 0; t < n_terms; t++)
        if (term[t + 1] <= term[t] || term[t + 1] - term[t] > MOST_BLOCK) return 0;
    return 1;
}

static PyObject *py_stepwise(PyObject *self, PyObject *const *given, Py_ssize_t n_given) {
    (void)self;
    enum { X, KEY, TERM, RULES, DRAWS, STATUS, COEFFICIENTS, N };
    Array a[N];
    Patients patients;
    Rules rules;
    if (!take(given, n_given, "miifdIM", a)) return NULL;
    const ptrdiff_t n_draws = a[DRAWS].rows, p = a[X].rows;
    if (!patients_of(a, &patients, &rules) || a[DRAWS].columns != patients.n || a[DRAWS].row_step != patients.n
        || a[STATUS].columns != n_draws || a[COEFFICIENTS].rows != n_draws || a[COEFFICIENTS].columns != p
        || a[COEFFICIENTS].row_step != p)
        return shapes_differ(a, N);
    Said said;
    Py_BEGIN_ALLOW_THREADS;
    said = stepwise(&patients, &rules, a[DRAWS].data, n_draws, a[STATUS].data, a[COEFFICIENTS].data);
    Py_END_ALLOW_THREADS;
    release(a, N);
    return told(said, nothing, NULL);
}

static PyObject *py_exponentials(PyObject *self, PyObject *const *given, Py_ssize_t n_given) {
    (void)self;
    Array a[1];
    if (!take(given, n_given, "F", a)) return NULL;
    exponentials(a[0].data, a[0].columns);
    release(a, 1);
    Py_RETURN_NONE;
}

#define FUNCTION(name, says) {#name, (PyCFunction)(void (*)(void))py_##name, METH_FASTCALL, says}

static PyMethodDef functions[] = {
    FUNCTION(risk_sums, "risk_sums(slot, start, weight, x, beta, table, theta): pass 1; returns the largest |x'beta|."),
    FUNCTION(gram, "gram(slot, start, weight, x, theta, hazard, total): pass 2."),
    FUNCTION(tie_terms, "tie_terms(risk, tied_risk, n_tied, tied_weight, efron, terms): the sums u0 u1 v0 v1 v2 log."),
    FUNCTION(point, "point(rows, cells, observed, beta, score, information): log-likelihood, or None beyond doubles."),
    FUNCTION(climb, "climb(rows, cells, observed, span, reference, height, beta, score, information, step): a fit."),
    FUNCTION(measure, "measure(source, low, high, sum): by column; returns whether all is finite."),
    FUNCTION(standardize, "standardize(source, center, scale, x, squares): the columns of a table into x."),
    FUNCTION(count_whole_times, "count_whole_times(time, event, group, counts): False where one is not whole."),
    FUNCTION(place_whole_times, "place_whole_times(time, event, number, even_slot, stop, slot): False if unknown."),
    FUNCTION(stepwise, "stepwise(x, key, term, rules, draws, status, coefficients): a selection for each draw."),
    FUNCTION(exponentials, "exponentials(values): exp of each value, in place, for |value| <= 700."),
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_compiled",
    .m_doc = "The compiled kernel of Cox regression; see kernel/ in the source.",
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__compiled(void) { return PyModuleDef_Init(&module); }
