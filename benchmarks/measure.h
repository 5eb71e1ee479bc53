// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace birthmark::bench {

/// Keeps the compiler from dropping what is computed only to be measured.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

/// Which side of the goal is good.
enum class Better : unsigned char { higher, lower };

/// One line for ./bench.
struct Measure {
  std::string name;
  double value = 0;
  std::optional<double> goal;  ///< none: told for its own sake
  std::string unit;
  Better better = Better::higher;
  std::string detail;  ///< spread, sizes, conditions: for people
};
/// Prints one JSON object on standard output. Value and goal are compared as they are printed: three digits.
void report(const Measure& measure);

/// Seconds of CPU that another thread, or process with all its threads, has used; ends the program if it is gone.
double cpu_seconds_of(pthread_t thread);
double cpu_seconds_of_process(pid_t process);
/// The same of this thread, or this process.
double thread_cpu_seconds();
double process_cpu_seconds();

/// Middle and quartiles of samples; sorts them. Zeros if there are none.
struct Spread {
  double q1 = 0;
  double median = 0;
  double q3 = 0;
};
Spread spread_of(std::vector<double> samples);
/// The value below which the given part (0..1) of the sorted samples lies, between two samples where it falls there.
double quantile(const std::vector<double>& sorted, double part);
/// "median 0.91, quartiles 0.90 to 0.92 of 100 slices".
std::string words(const Spread& spread, std::size_t samples);

/// One operation, called over and over; what it needs for the next `count` calls is made outside of the measure.
struct Operation {
  std::function<void()> run;
  std::function<void(std::size_t count)> prepare = {};
};

/// How to slice: two sides run alternately, A B B A, so that drift of the machine falls on both.
struct Slicing {
  double slice_seconds = 0.005;  ///< of thread CPU time, each
  double total_seconds = 8;      ///< of thread CPU time, all together
};
/// CPU time an operation of `floor` over that of `product`: 1 where the product costs nothing beside the floor.
struct Compared {
  Spread ratio;
  Spread floor_us;
  Spread product_us;
  std::size_t rounds = 0;
};
Compared compare(const Operation& floor, const Operation& product, const Slicing& slicing = {});

}  // namespace birthmark::bench
