// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

// What AC-20 and AC-22 send: the abuse tests over the wire, the benchmark straight to the readers.
namespace birthmark::test {

/// One wrong input and what is wrong with it.
template <class T>
struct Malformed {
  const char* name;
  T input;
};

/// Certification requests that fit into one body of EST. @param good a request that may be granted; two are made of it.
std::vector<Malformed<Bytes>> malformed_requests(const Bytes& good);
/// A request whose common name has that many octets. @param good whose key it names.
Bytes request_with_long_name(const Bytes& good, std::size_t octets);

/// What is no request even before its base64 is read, or right after it.
inline constexpr std::array<std::string_view, 5> kMalformedTransfers{
    "!!!!", "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n", "MAA", "MAA==", "MAB="};

/// Texts of at most 64 KiB that are no JSON object as the API takes them.
std::vector<Malformed<std::string>> malformed_json();
/// An order of a batch with further members, as ",\"surprise\":1".
std::string batch_order_with(std::string_view more);
/// Larger ones, for the path that takes orders of a batch.
std::vector<Malformed<std::string>> malformed_orders();

}  // namespace birthmark::test
