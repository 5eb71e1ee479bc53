// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong.h"
#include "codec/cbor.h"

namespace birthmark::link {

/// Reads one CBOR map with small integer keys, member by member in ascending order. Aliases its input. Every error is
/// bad_request.
class Fields {
 public:
  /// @param body outlives this.
  static Result<Fields> open(BytesView body);

  /// Whether the next member has this key.
  Result<bool> has(std::uint64_t key);
  Result<std::uint64_t> number(std::uint64_t key, std::uint64_t max);
  Result<bool> boolean(std::uint64_t key);
  /// 1..max bytes.
  Result<Bytes> bytes(std::uint64_t key, std::size_t max);
  /// At most `max` bytes of UTF-8, may be empty.
  Result<std::string> text(std::uint64_t key, std::size_t max);
  /// At most `count_max` byte strings of 1..`max` bytes.
  Result<std::vector<Bytes>> list(std::uint64_t key, std::size_t count_max, std::size_t max);
  /// 32 octets.
  template <class Id>
  Result<Id> id(std::uint64_t key) {
    BM_TRY(const auto value, bytes(key, 32));
    const auto exact = octets<32>(value);
    return exact ? Result<Id>{Id{*exact}}
                 : fail(Code::bad_request, "link: member " + std::to_string(key) + " has another size");
  }
  /// @error bad_request: a member is left that nobody asked for.
  Result<void> finish();

 private:
  explicit Fields(BytesView body) : reader_{body} {}
  Result<void> take(std::uint64_t key);

  cbor::Reader reader_;
  std::size_t left_ = 0;
  std::optional<std::uint64_t> next_;
};

}  // namespace birthmark::link
