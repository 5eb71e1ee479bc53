// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/ports/store.h"

namespace birthmark::test {

/// A store that is another one: a test overrides what it has go differently. @param real must outlive it
class ForwardingStore : public app::Store {
 public:
  explicit ForwardingStore(app::Store& real) : real_{real} {}

  Result<void> write(const Work& work) override { return real_.write(work); }
  Result<void> read(const Work& work) const override { return real_.read(work); }
  Result<void> each_publication(const std::function<void(const app::Publication&)>& row) const override {
    return real_.each_publication(row);
  }
  Result<std::vector<Bytes>> entries(std::uint64_t first, std::size_t limit) const override {
    return real_.entries(first, limit);
  }
  Result<app::LogSpan> log_span() const override { return real_.log_span(); }
  [[nodiscard]] Epoch epoch() const override { return real_.epoch(); }
  void set_listener(Listener listener) override { real_.set_listener(std::move(listener)); }

 protected:
  app::Store& real_;
};

}  // namespace birthmark::test
