// SPDX-License-Identifier: Apache-2.0
// What every registry promises (src/app/ports/store.h); run against the fake and the real ones.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>

#include "contract/store_samples.h"

namespace birthmark::test {

struct StoreUnderTest {
  virtual ~StoreUnderTest() = default;
  virtual app::Store& store() = 0;
  /// Makes a newer epoch write from elsewhere.
  virtual void fence() = 0;
};

struct StoreMaker {
  const char* name;
  std::function<std::unique_ptr<StoreUnderTest>()> make;
};

class StoreContract : public testing::TestWithParam<StoreMaker> {
 protected:
  [[nodiscard]] app::Store& store() const { return subject_->store(); }

  /// Writes, and expects it to succeed.
  template <class T>
  T put(const std::function<Result<T>(app::Tx&)>& work) {
    auto value = store().write_for<T>(work);
    EXPECT_TRUE(value) << value.error().detail;
    return value.value_or(T{});
  }
  /// Reads, and expects it to succeed.
  template <class T>
  T get(const std::function<Result<T>(app::Tx&)>& work) const {
    auto value = store().template read_for<T>(work);
    EXPECT_TRUE(value) << value.error().detail;
    return value.value_or(T{});
  }
  void run(const app::Store::Work& work) {
    const auto done = store().write(work);
    EXPECT_TRUE(done) << done.error().detail;
  }
  Code refusal(const app::Store::Work& work) {
    const auto done = store().write(work);
    EXPECT_FALSE(done);
    return done ? Code::bad_request : done.error().code;
  }
  DeviceRow add_device(std::uint32_t number) {
    return put<DeviceRow>([&](app::Tx& tx) { return tx.add_device(sample_device(number)); });
  }
  void audit(std::uint32_t number) {
    run([&](app::Tx& tx) { return without_value(tx.audit(sample_entry(number))); });
  }

  std::unique_ptr<StoreUnderTest> subject_ = GetParam().make();
};

}  // namespace birthmark::test
