// FANN on XOR, 2-3-1 sigmoid, updates after every sample: `fann <epochs> <milliseconds>` prints the nanoseconds of processor
// time that an epoch of four rows takes. bench/peers/fann.ts compiles it where FANN (Debian's libfann-dev) and gcc are.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <floatfann.h>

static double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  const int epochs = atoi(arguments[1]);
  const double enough = atof(arguments[2]) * 1e6;
  const fann_type x[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  const fann_type y[4] = {0, 1, 1, 0};

  struct fann_train_data *data = fann_create_train(4, 2, 1);
  for (int row = 0; row < 4; row++) {
    data->input[row][0] = x[row][0];
    data->input[row][1] = x[row][1];
    data->output[row][0] = y[row];
  }
  struct fann *network = fann_create_standard(3, 2, 3, 1);
  fann_set_activation_function_hidden(network, FANN_SIGMOID);
  fann_set_activation_function_output(network, FANN_SIGMOID);
  fann_set_training_algorithm(network, FANN_TRAIN_INCREMENTAL);
  fann_set_learning_rate(network, 0.5f);

  double spent = 0;
  long done = 0;
  while (spent < enough) {
    const double start = nanoseconds();
    for (int epoch = 0; epoch < epochs; epoch++) fann_train_epoch(network, data);
    spent += nanoseconds() - start;
    done += epochs;
  }
  printf("%f\n", spent / done);
  return 0;
}
