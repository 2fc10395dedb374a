/* The columns of a design: measured, then brought together in memory and standardized, a part of the rows at a time. */

#include "kernel.h"

#include <math.h>

#define BLOCK 64 /* rows that stay in the cache while each of their columns is worked on */

/* Copies m rows of up to four neighboring columns of a table with any steps in memory, each column to a place of its
   own, which may be where it stands. */
INLINE void bring(const char *source, ptrdiff_t m, ptrdiff_t row_step, ptrdiff_t column_step, int columns,
                  double *const to[4]) {
    ptrdiff_t done = 0;
    if (columns == 4 && column_step == sizeof(double))
        for (; done + 4 <= m; done += 4) {
            V4 row[4], column[4];
            for (int r = 0; r < 4; r++) row[r] = *(const V4Anywhere *)(source + (done + r) * row_step);
            turn(row, column);
            for (int j = 0; j < 4; j++) *(V4Anywhere *)(to[j] + done) = column[j];
        }
    for (int j = 0; j < columns; j++)
        for (ptrdiff_t i = done; i < m; i++) to[j][i] = *(const double *)(source + i * row_step + j * column_step);
}

/* Finds the smallest and largest value and adds up; returns the values times 0: nan where one is not finite. */
INLINE double measure(const double *x, ptrdiff_t n, double *low, double *high, double *sum) {
    V4 least = (V4){0.0} + *low, most = (V4){0.0} + *high, added = {0.0}, strange = {0.0};
    ptrdiff_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const V4 value = *(const V4Anywhere *)(x + i);
        least = chosen(value < least, value, least);
        most = chosen(value > most, value, most);
        added += value;
        strange += value * 0.0;
    }
    for (; i < n; i++) {
        least[0] = x[i] < least[0] ? x[i] : least[0];
        most[0] = x[i] > most[0] ? x[i] : most[0];
        added[0] += x[i];
        strange[0] += x[i] * 0.0;
    }
    for (int j = 0; j < 4; j++) {
        *low = least[j] < *low ? least[j] : *low;
        *high = most[j] > *high ? most[j] : *high;
    }
    *sum += (added[0] + added[1]) + (added[2] + added[3]);
    return (strange[0] + strange[1]) + (strange[2] + strange[3]);
}

/* Measures each column of a table with any steps in memory. Returns 0 if a value is not finite. */
EACH_MACHINE int measure_columns(const char *source, ptrdiff_t n, ptrdiff_t p, ptrdiff_t row_step,
                                 ptrdiff_t column_step, double *low, double *high, double *sum) {
    double part[4][BLOCK], strange = 0.0;
    double *const to[4] = {part[0], part[1], part[2], part[3]};
    for (ptrdiff_t k = 0; k < p; k++) {
        low[k] = INFINITY;
        high[k] = -INFINITY;
        sum[k] = 0.0;
    }
    for (ptrdiff_t a = 0; a < n; a += BLOCK) {
        const ptrdiff_t m = n - a < BLOCK ? n - a : BLOCK;
        for (ptrdiff_t k = 0; k < p; k += 4) {
            const int columns = (int)(p - k < 4 ? p - k : 4);
            bring(source + a * row_step + k * column_step, m, row_step, column_step, columns, to);
            for (int j = 0; j < columns; j++) strange += measure(to[j], m, low + k + j, high + k + j, sum + k + j);
        }
    }
    return strange == 0.0;
}

/* Turns x into (x - center) * factor, and returns the sum of its squares. */
INLINE double standardize(double *x, ptrdiff_t n, double center, double factor) {
    double sum[8] = {0.0};
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++) {
            const double z = (x[i + j] - center) * factor;
            x[i + j] = z;
            sum[j] += z * z;
        }
    for (; i < n; i++) {
        x[i] = (x[i] - center) * factor;
        sum[0] += x[i] * x[i];
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* Copies the columns of a table with any steps in memory to x, column k at x + k * stride, less center and divided by
   scale, and sums their squares. The source may be x itself. */
EACH_MACHINE void standardize_columns(const char *source, ptrdiff_t n, ptrdiff_t p, ptrdiff_t row_step,
                                      ptrdiff_t column_step, const double *center, const double *scale, double *x,
                                      ptrdiff_t stride, double *squares) {
    for (ptrdiff_t k = 0; k < p; k++) squares[k] = 0.0;
    for (ptrdiff_t a = 0; a < n; a += BLOCK) {
        const ptrdiff_t m = n - a < BLOCK ? n - a : BLOCK;
        for (ptrdiff_t k = 0; k < p; k += 4) {
            const int columns = (int)(p - k < 4 ? p - k : 4);
            double *to[4];
            for (int j = 0; j < columns; j++) to[j] = x + (k + j) * stride + a;
            bring(source + a * row_step + k * column_step, m, row_step, column_step, columns, to);
            for (int j = 0; j < columns; j++)
                squares[k + j] += standardize(to[j], m, center[k + j], 1.0 / scale[k + j]);
        }
    }
}
