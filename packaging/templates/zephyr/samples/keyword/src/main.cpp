// Runs a small network on recorded sounds and says how many answers are TensorFlow Lite Micro's.
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "keyword_answers.hpp"

int main() {
  printk("%d of %d answers are exact\n", exact_answers(), keyword_sounds);
  return 0;
}
