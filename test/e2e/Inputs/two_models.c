/* Runs two models in one process, as a program that links them would. */
#include "second.h"
#include "two_layers.h"

#include <math.h>
#include <stdio.h>

static float relu(float x) { return x > 0 ? x : 0; }

int main(void) {
  /* Both models export these functions; the first library's serve the program, and both libraries keep their own. */
  spnn_context *context = spnn_context_create(1);
  if (!context)
    return 1;

  enum { N = 5 };
  float x[N * 4], y[N * 2];
  for (int i = 0; i < N * 4; ++i)
    x[i] = (float)(i % 7) - 3;
  if (classify(context, x, N, y)) {
    printf("two layers: %s\n", spnn_context_error(context));
    return 1;
  }
  for (int i = 0; i < N; ++i) {
    const float *r = x + 4 * i;
    float h0 = relu(r[0] + 2 * r[3] + 0.5f), h1 = relu(3 * r[2] - 1), h2 = relu(-r[1]);
    if (fabsf(y[2 * i] - (h0 + 2 * h1 + 3 * h2)) > 1e-4f || fabsf(y[2 * i + 1] - (-h0 + 0.5f * h2)) > 1e-4f) {
      printf("two layers: wrong in row %d\n", i);
      return 1;
    }
  }
  printf("two layers: ok\n");

  float in[3] = {1, 2, 3}, out[3];
  if (double_(context, in, out)) {
    printf("second model: %s\n", spnn_context_error(context));
    return 1;
  }
  for (int i = 0; i < 3; ++i)
    if (out[i] != 2 * in[i])
      return 1;
  printf("second model: ok\n");
  spnn_context_destroy(context);
  return 0;
}
