// SPDX-License-Identifier: Apache-2.0
#include "support/malformed.h"

#include "codec/pkcs10.h"

namespace birthmark::test {
namespace {

/// In the fewest octets, as DER wants it.
Bytes length_octets(std::size_t length) {
  if (length < 0x80) {
    return {static_cast<std::uint8_t>(length)};
  }
  Bytes reversed;
  for (auto left = length; left > 0; left >>= 8U) {
    reversed.push_back(static_cast<std::uint8_t>(left));
  }
  reversed.push_back(static_cast<std::uint8_t>(0x80 | reversed.size()));
  return {reversed.rbegin(), reversed.rend()};
}
Bytes tlv(std::uint8_t tag, const Bytes& body) {
  Bytes out{tag};
  const auto length = length_octets(body.size());
  out.insert(out.end(), length.begin(), length.end());
  out.insert(out.end(), body.begin(), body.end());
  return out;
}
Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const auto& part : parts) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

/// A Name with one common name of these octets, said to be UTF-8.
Bytes name_with(const Bytes& text) {
  return tlv(0x30, tlv(0x31, tlv(0x30, joined({{0x06, 0x03, 0x55, 0x04, 0x03}, tlv(0x0C, text)}))));
}
/// A request for any key, with a signature that is none.
Bytes csr_with(const Bytes& spki, const Bytes& subject = tlv(0x30, {})) {
  const Bytes ecdsa = tlv(0x30, {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02});
  return tlv(0x30, joined({tlv(0x30, joined({{0x02, 0x01, 0x00}, subject, spki, {0xA0, 0x00}})), ecdsa,
                           tlv(0x03, {0x00, 0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01})}));
}
Bytes rsa(std::size_t bytes, const Bytes& exponent) {
  Bytes modulus(bytes + 1, 0xC5);
  modulus.front() = 0;
  const Bytes algorithm = tlv(0x30, {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00});
  return tlv(0x30, joined({algorithm,
                           tlv(0x03, joined({{0x00}, tlv(0x30, joined({tlv(0x02, modulus), tlv(0x02, exponent)}))}))}));
}
/// P-256 with its domain parameters written out, begun as they begin.
Bytes explicit_curve() {
  const Bytes field =
      tlv(0x30, joined({{0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x01, 0x01}, tlv(0x02, Bytes(32, 0x7F))}));
  const Bytes algorithm = tlv(0x30, joined({{0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01},
                                            tlv(0x30, joined({{0x02, 0x01, 0x01}, field}))}));
  Bytes point(66, 0x11);
  point[0] = 0x00;
  point[1] = 0x04;
  return tlv(0x30, joined({algorithm, tlv(0x03, point)}));
}
Bytes nested(int levels) {
  Bytes out;
  for (int i = 0; i < levels; ++i) {
    out = tlv(0x30, out);
  }
  return out;
}
Bytes spki_of(const Bytes& request) {
  return to_bytes(pkcs10::Request::read(request).value().spki());
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) {
    out += text;
  }
  return out;
}

/// An object whose last member has the name of the first.
std::string one_name_twice(int apart) {
  std::string out{"{"};
  for (int i = 0; i < apart; ++i) {
    out += '"' + std::to_string(i) + "\":0,";
  }
  return out + R"("0":0})";
}

}  // namespace

Bytes request_with_long_name(const Bytes& good, std::size_t octets) {
  return csr_with(spki_of(good), name_with(Bytes(octets, 'a')));
}

std::vector<Malformed<Bytes>> malformed_requests(const Bytes& good) {
  const auto spki = spki_of(good);
  auto trailing = good;
  trailing.push_back(0x00);
  auto cut = good;
  cut.pop_back();
  return {
      {"empty", {}},
      {"indefinite length", {0x30, 0x80, 0x30, 0x80, 0x00, 0x00, 0x00, 0x00}},
      {"4 GiB", {0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x00}},
      {"a length of eight octets", {0x30, 0x88, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00}},
      {"600 levels", nested(600)},
      {"trailing", trailing},
      {"cut", cut},
      {"a long name", request_with_long_name(good, 10'000)},
      {"a name with NUL", csr_with(spki, name_with({'a', 0x00, 'b'}))},
      {"a name that is no UTF-8", csr_with(spki, name_with({0xC3, 0x28}))},
      {"exponent 1", csr_with(rsa(256, {0x01}))},
      {"RSA of 32,768 bits", csr_with(rsa(4096, {0x01, 0x00, 0x01}))},
      {"explicit curve", csr_with(explicit_curve())},
  };
}

std::vector<Malformed<std::string>> malformed_json() {
  return {
      {"empty", ""},
      {"no JSON", "hello"},
      {"no object", "[]"},
      {"two values", "{}{}"},
      {"duplicate keys", R"({"session":"00","session":"01"})"},
      {"duplicate keys, 6,000 apart", one_name_twice(6'000)},
      {"duplicate keys by escapes", R"({"session":"00","sessio\u006e":"01"})"},
      {"1e999", R"({"session":1e999})"},
      {"a lone surrogate", R"({"session":"\ud800"})"},
      {"no UTF-8", "{\"session\":\"\xC3\x28\"}"},
      {"60,000 levels", std::string(60'000, '[')},
      {"nested objects", repeated("{\"a\":", 10'000)},
      {"a comment", "{/**/}"},
      {"a comma too many", R"({"session":"00",})"},
      {"NaN", R"({"session":NaN})"},
  };
}

std::string batch_order_with(std::string_view more) {
  return R"({"batch":"B-9","product":"p","factory":"f","quantity":1,"opens":"2026-01-01T00:00:00Z",)"
         R"("closes":"2036-01-01T00:00:00Z")" +
         std::string{more} + "}";
}

std::vector<Malformed<std::string>> malformed_orders() {
  return {
      {"an unknown member", batch_order_with(R"(,"surprise":1)")},
      {"a double member", batch_order_with(R"(,"quantity":1000)")},
      {"100,000 levels", std::string(100'000, '[')},
      {"a text of 1 MiB", batch_order_with(R"(,"policy":")" + std::string(1024 * 1024, 'a') + '"')},
  };
}

}  // namespace birthmark::test
