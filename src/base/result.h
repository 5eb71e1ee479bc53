// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "base/code.h"

namespace birthmark {

/// A move between two states of the lifecycle, by their numbers (mission Table 6: 0 to 6).
struct Move {
  std::uint8_t from = 0;
  std::uint8_t to = 0;

  friend bool operator==(const Move&, const Move&) = default;
};

/// A typed refusal or failure: `code` decides what the caller does next, `detail` is for people and never parsed.
/// `check` names the failed appraisal or path step, where there is one ("ek.path", "statement.freshness").
struct Error {
  Code code;
  std::string detail;
  std::string check = {};
  std::optional<Move> move = {};        ///< that was asked for, where it is forbidden (design rule 9)
  std::chrono::seconds retry_after{0};  ///< until the same may be granted; 0: nobody knows

  friend bool operator==(const Error&, const Error&) = default;
};

/// The value, or why there is none. Ignoring one is a warning.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

inline tl::unexpected<Error> fail(Code code, std::string detail, std::string check = {}) {
  return tl::unexpected<Error>(Error{code, std::move(detail), std::move(check)});
}
inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

/// Whether it worked, without the value.
template <class T>
Result<void> without_value(Result<T>&& result) {
  return result ? Result<void>{} : Result<void>{fail(std::move(result).error())};
}

}  // namespace birthmark

#define BM_CONCAT_(a, b) a##b
#define BM_CONCAT(a, b) BM_CONCAT_(a, b)
#define BM_TRY_(tmp, declaration, expression)         \
  auto tmp = (expression);                            \
  if (!tmp) {                                         \
    return ::birthmark::fail(std::move(tmp).error()); \
  }                                                   \
  declaration = std::move(*tmp)

/// BM_TRY(const auto device, devices.find(id)); binds the value, or returns the error to the caller.
#define BM_TRY(declaration, expression) BM_TRY_(BM_CONCAT(bm_try_, __COUNTER__), declaration, expression)

#define BM_CHECK_(tmp, expression)                      \
  do {                                                  \
    if (auto tmp = (expression); !tmp) {                \
      return ::birthmark::fail(std::move(tmp).error()); \
    }                                                   \
  } while (false)

/// BM_CHECK(store.put(row)); returns the error to the caller; a value is dropped.
#define BM_CHECK(expression) BM_CHECK_(BM_CONCAT(bm_check_, __COUNTER__), expression)
