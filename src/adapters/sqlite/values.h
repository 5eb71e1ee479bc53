// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include "adapters/sqlite/connection.h"
#include "app/ports/records.h"

// How values of the domain stand in columns: identifiers and enumerators as integers, digests as blobs, instants as
// milliseconds, what is absent as NULL. Unsigned 64 bits keep their pattern.
namespace birthmark::sqlite {

/// The highest number of a stored enumeration; a row with a higher one is damaged.
template <class E>
inline constexpr int kHighest = -1;
template <>
inline constexpr int kHighest<pki::ProfileId> = static_cast<int>(pki::ProfileId::matter_dac);
template <>
inline constexpr int kHighest<app::CaState> = 2;
template <>
inline constexpr int kHighest<app::StationRole> = 1;
template <>
inline constexpr int kHighest<app::KnownKind> = 2;
template <>
inline constexpr int kHighest<app::IssuanceState> = 2;
template <>
inline constexpr int kHighest<lifecycle::BatchState> = 2;
template <>
inline constexpr int kHighest<lifecycle::PlanOfHardware> = 1;
template <>
inline constexpr int kHighest<lifecycle::RootKind> = 4;
template <>
inline constexpr int kHighest<lifecycle::RootClass> = 1;
template <>
inline constexpr int kHighest<lifecycle::State> = 6;
template <>
inline constexpr int kHighest<lifecycle::HoldCause> = 7;
template <>
inline constexpr int kHighest<lifecycle::Status> = 3;
template <>
inline constexpr int kHighest<lifecycle::CredentialKind> = 1;
template <>
inline constexpr int kHighest<lifecycle::Standing> = 2;
template <>
inline constexpr int kHighest<lifecycle::Purpose> = 6;

template <class T>
concept Number = std::integral<T>;
template <class T>
concept Enumeration = std::is_enum_v<T>;

/// Binds the parameters of a statement, from the first to the last.
class Parameters {
 public:
  explicit Parameters(Statement& statement) : statement_{statement} {}

  template <class... T>
  void add(const T&... values) {
    (put(values), ...);
  }

 private:
  template <Number T>
  void put(T value) {
    statement_.bind(++at_, static_cast<std::int64_t>(value));
  }
  template <Enumeration T>
  void put(T value) {
    statement_.bind(++at_, static_cast<std::int64_t>(value));
  }
  void put(const Instant& value) { put(to_ms(value)); }
  void put(const std::string& value) { put(std::string_view{value}); }
  void put(const std::string_view& value) { statement_.bind(++at_, value); }
  void put(const Bytes& value) { statement_.bind(++at_, BytesView{value}); }
  void put(const BytesView& value) { statement_.bind(++at_, value); }
  template <std::size_t N>
  void put(const Octets<N>& value) {
    statement_.bind(++at_, BytesView{value});
  }
  template <class Tag, class Rep>
  void put(const Strong<Tag, Rep>& value) {
    put(value.get());
  }
  void put(const lifecycle::HoldSet& value) { put(value.bits()); }
  void put(const lifecycle::FirmwareVersion& value) { put(value.packed()); }
  template <class T>
  void put(const std::optional<T>& value) {
    if (value) {
      put(*value);
    } else {
      statement_.bind_null(++at_);
    }
  }

  Statement& statement_;
  int at_ = 0;
};

/// Reads the columns of a row, from the first to the last; whatever does not fit its type makes the row damaged.
class Columns {
 public:
  explicit Columns(const Statement& statement) : statement_{statement} {}

  template <class... T>
  void take(T&... out) {
    (get(out), ...);
  }
  /// @error storage: a column did not fit.
  [[nodiscard]] Result<void> intact(std::string_view table) const {
    return fits_ ? Result<void>{} : fail(Code::storage, "a damaged row in " + std::string{table});
  }

 private:
  template <Number T>
  void get(T& out) {
    const auto value = statement_.integer(at_++);
    out = static_cast<T>(value);
    fits_ = fits_ && static_cast<std::int64_t>(out) == value;
  }
  void get(bool& out) {
    const auto value = statement_.integer(at_++);
    out = value != 0;
    fits_ = fits_ && (value == 0 || value == 1);
  }
  template <Enumeration T>
  void get(T& out) {
    static_assert(kHighest<T> >= 0, "say which numbers this enumeration has");
    const auto value = statement_.integer(at_++);
    fits_ = fits_ && value >= 0 && value <= kHighest<T>;
    out = static_cast<T>(fits_ ? value : 0);
  }
  void get(Instant& out) { out = from_ms(statement_.integer(at_++)); }
  void get(std::string& out) { out = statement_.text(at_++); }
  void get(Bytes& out) { out = to_bytes(statement_.blob(at_++)); }
  template <std::size_t N>
  void get(Octets<N>& out) {
    const auto value = octets<N>(statement_.blob(at_++));
    fits_ = fits_ && value;
    out = value.value_or(Octets<N>{});
  }
  template <class Tag, class Rep>
  void get(Strong<Tag, Rep>& out) {
    Rep value{};
    get(value);
    out = Strong<Tag, Rep>{std::move(value)};
  }
  void get(lifecycle::HoldSet& out) {
    std::uint8_t bits = 0;
    get(bits);
    out = lifecycle::HoldSet{bits};
  }
  void get(lifecycle::FirmwareVersion& out) {
    out = lifecycle::FirmwareVersion{static_cast<std::uint64_t>(statement_.integer(at_++))};
  }
  template <class T>
  void get(std::optional<T>& out) {
    if (statement_.is_null(at_)) {
      out.reset();
      ++at_;
      return;
    }
    T value{};
    get(value);
    out = std::move(value);
  }

  const Statement& statement_;
  int at_ = 0;
  bool fits_ = true;
};

}  // namespace birthmark::sqlite
