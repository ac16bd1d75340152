
#include <stdint.h>
void plain(const int32_t *restrict positions, const int32_t *restrict indices, const float *restrict values,
           const float *restrict x, float *restrict y) {
  for (int i = 0; i < ROWS; ++i) {
    for (int j = 0; j < COLUMNS; ++j)
      y[i * COLUMNS + j] = 0;
    for (int32_t p = positions[i]; p < positions[i + 1]; ++p)
      for (int j = 0; j < COLUMNS; ++j)
        y[i * COLUMNS + j] += values[p] * x[indices[p] * COLUMNS + j];
  }
}
