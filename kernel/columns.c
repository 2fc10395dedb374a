/* The columns of a design: brought together in memory, measured and standardized, a part of the rows at a time. */

#include "kernel.h"

#include <math.h>

#define BLOCK 64 /* rows of the source that are read while they are in the cache */

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

/* Copies rows of a table with any steps in memory to x, column k at x + k * stride, and measures each column; a
   source that is x itself is only measured. Returns 0 if a value is not finite. */
EACH_MACHINE int by_column(const char *source, ptrdiff_t n, ptrdiff_t p, ptrdiff_t row_step, ptrdiff_t column_step,
                           double *x, ptrdiff_t stride, double *low, double *high, double *sum) {
    double strange = 0.0;
    for (ptrdiff_t k = 0; k < p; k++) {
        low[k] = INFINITY;
        high[k] = -INFINITY;
        sum[k] = 0.0;
    }
    for (ptrdiff_t a = 0; a < n; a += BLOCK) {
        const ptrdiff_t m = n - a < BLOCK ? n - a : BLOCK;
        for (ptrdiff_t k = 0; k < p; k++) {
            const char *from = source + a * row_step + k * column_step;
            double *to = x + k * stride + a;
            if (from != (const char *)to)
                for (ptrdiff_t i = 0; i < m; i++) to[i] = *(const double *)(from + i * row_step);
            strange += measure(to, m, low + k, high + k, sum + k);
        }
    }
    return strange == 0.0;
}

/* The sum of |x - center|. */
EACH_MACHINE double sum_of_deviations(const double *x, ptrdiff_t n, double center) {
    double sum[8] = {0.0};
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++) sum[j] += fabs(x[i + j] - center);
    for (; i < n; i++) sum[0] += fabs(x[i] - center);
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* Turns x into (x - center) / scale, and returns the sum of its squares. */
EACH_MACHINE double standardize(double *x, ptrdiff_t n, double center, double scale) {
    double sum[8] = {0.0};
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++) {
            double z = (x[i + j] - center) / scale;
            x[i + j] = z;
            sum[j] += z * z;
        }
    for (; i < n; i++) {
        x[i] = (x[i] - center) / scale;
        sum[0] += x[i] * x[i];
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}
