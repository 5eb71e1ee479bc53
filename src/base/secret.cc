// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <string.h>  // explicit_bzero

namespace birthmark {

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    value_ = std::exchange(other.value_, {});
  }
  return *this;
}

void Secret::wipe() noexcept {
  if (!value_.empty()) {
    explicit_bzero(value_.data(), value_.size());
  }
}

}  // namespace birthmark
