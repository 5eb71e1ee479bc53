// SPDX-License-Identifier: Apache-2.0
#include "codec/eat.h"

#include <algorithm>
#include <limits>

#include "codec/cbor.h"

namespace birthmark::eat {
namespace {

/// RFC 8392 §3.1, RFC 9711 §10.2.
namespace label {
constexpr std::int64_t exp = 4, nbf = 5, iat = 6, nonce = 10, ueid = 256, oemid = 258, hwmodel = 259, hwversion = 260,
                       oemboot = 262, dbgstat = 263, profile = 265, submods = 266, bootcount = 267, bootseed = 268,
                       swname = 270, swversion = 271, measurements = 273, measres = 274, intuse = 275;
}

using Failed = tl::unexpected<Error>;

Failed refuse(std::string what) {
  return fail(Code::bad_evidence, "EAT: " + std::move(what));
}

Result<Bytes> read_bytes(cbor::Reader& in, std::size_t least, std::size_t most, const char* what) {
  BM_TRY(const auto value, in.bytes());
  if (value.size() < least || value.size() > most) {
    return refuse(std::string{what} + " has another size");
  }
  return to_bytes(value);
}

Result<std::string> read_text(cbor::Reader& in, const char* what) {
  BM_TRY(const auto text, in.text());
  if (text.size() > kTextMaxBytes) {
    return refuse(std::string{what} + " is longer than 256 octets");
  }
  return std::string{text};
}

Result<std::uint8_t> read_number(cbor::Reader& in, std::uint8_t least, std::uint8_t most, const char* what) {
  BM_TRY(const auto value, in.unsigned_int());
  if (value < least || value > most) {
    return refuse(std::string{what} + " is out of range");
  }
  return static_cast<std::uint8_t>(value);
}

/// NumericDate without a fraction: RFC 9711 §4.3.1 makes a float an error for iat, and the others follow it here.
Result<Instant> read_time(cbor::Reader& in) {
  BM_TRY(const auto seconds, in.integer());
  constexpr std::int64_t kEnd = 253402300799;  // 9999-12-31T23:59:59Z
  if (seconds < 0 || seconds > kEnd) {
    return refuse("a time before 1970 or beyond 9999");
  }
  return from_ms(seconds * 1000);
}

Result<std::size_t> read_list(cbor::Reader& in, const char* what) {
  BM_TRY(const auto count, in.array());
  if (count == 0 || count > kListMax) {
    return refuse(std::string{what} + ": none, or more than 32");
  }
  return count;
}

Result<std::vector<Bytes>> read_nonces(cbor::Reader& in) {
  constexpr std::size_t kLeast = 8, kMost = 64;
  BM_TRY(const auto type, in.peek());
  std::vector<Bytes> out;
  if (type == cbor::Type::bytes) {
    BM_TRY(auto only, read_bytes(in, kLeast, kMost, "eat_nonce"));
    out.push_back(std::move(only));
    return out;
  }
  BM_TRY(const auto count, read_list(in, "eat_nonce"));
  if (count < 2) {
    return refuse("eat_nonce is an array of one");
  }
  for (std::size_t i = 0; i < count; ++i) {
    BM_TRY(auto one, read_bytes(in, kLeast, kMost, "eat_nonce"));
    out.push_back(std::move(one));
  }
  return out;
}

Result<std::variant<std::int64_t, Bytes>> read_oemid(cbor::Reader& in) {
  using Oemid = std::variant<std::int64_t, Bytes>;
  BM_TRY(const auto type, in.peek());
  if (type != cbor::Type::bytes) {
    BM_TRY(const auto number, in.integer());
    return Oemid{number};
  }
  BM_TRY(auto value, read_bytes(in, 3, 16, "oemid"));
  if (value.size() != 3 && value.size() != 16) {
    return refuse("oemid is not of 3 or 16 octets");
  }
  return Oemid{std::move(value)};
}

/// [text, ?scheme]; the scheme is a number or a text.
Result<Version> read_version(cbor::Reader& in) {
  BM_TRY(const auto fields, in.array());
  if (fields != 1 && fields != 2) {
    return refuse("a version is no text with a scheme");
  }
  BM_TRY(auto text, read_text(in, "version"));
  if (fields == 2) {
    BM_CHECK(in.skip());
  }
  return text;
}

Result<std::variant<std::string, Bytes>> read_profile(cbor::Reader& in) {
  using Profile = std::variant<std::string, Bytes>;
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::bytes) {
    BM_TRY(auto value, read_bytes(in, 1, 64, "eat_profile"));
    return Profile{std::move(value)};
  }
  BM_TRY(auto text, read_text(in, "eat_profile"));
  return Profile{std::move(text)};
}

Result<std::vector<Measurement>> read_measurements(cbor::Reader& in) {
  BM_TRY(const auto count, read_list(in, "measurements"));
  std::vector<Measurement> out;
  for (std::size_t i = 0; i < count; ++i) {
    BM_TRY(const auto fields, in.array());
    if (fields != 2) {
      return refuse("a measurement is no pair");
    }
    Measurement one;
    BM_TRY(one.content_format, in.unsigned_int());
    BM_TRY(const auto document, in.bytes());
    one.document = to_bytes(document);
    out.push_back(std::move(one));
  }
  return out;
}

/// The id of what was measured: a text, or octets, which are shown in hex.
Result<std::string> read_objective(cbor::Reader& in) {
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::bytes) {
    BM_TRY(const auto id, read_bytes(in, 1, 64, "objective"));
    return to_hex(id);
  }
  return read_text(in, "objective");
}

Result<void> read_results(cbor::Reader& in, std::vector<MeasurementResult>& out) {
  BM_TRY(const auto groups, read_list(in, "measres"));
  for (std::size_t group = 0; group < groups; ++group) {
    BM_TRY(const auto fields, in.array());
    if (fields != 2) {
      return refuse("a group of results is no pair");
    }
    BM_TRY(const auto system, read_text(in, "measurement system"));
    BM_TRY(const auto count, read_list(in, "results"));
    for (std::size_t i = 0; i < count; ++i) {
      BM_TRY(const auto parts, in.array());
      if (parts != 2 || out.size() == kListMax) {
        return refuse("a result is no pair, or there are more than 32");
      }
      BM_TRY(auto objective, read_objective(in));
      BM_TRY(const auto result, read_number(in, 1, 4, "result"));
      out.push_back({system, std::move(objective), static_cast<Comparison>(result)});
    }
  }
  return {};
}

Result<Claims> read_set(cbor::Reader& in, std::size_t level);

Result<DetachedDigest> read_digest(cbor::Reader& in) {
  BM_TRY(const auto fields, in.array());
  if (fields != 2) {
    return refuse("a detached digest is no pair");
  }
  DetachedDigest out;
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::text) {
    BM_TRY(out.algorithm, read_text(in, "algorithm"));
  } else {
    BM_TRY(out.algorithm, in.integer());
  }
  BM_TRY(out.digest, read_bytes(in, 1, 64, "detached digest"));
  return out;
}

Result<Submodule> read_submodule(cbor::Reader& in, std::size_t level) {
  Submodule out;
  BM_TRY(out.name, read_text(in, "name of a submodule"));
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::map) {
    BM_TRY(out.content, read_set(in, level + 1));
  } else if (type == cbor::Type::array) {
    BM_TRY(out.content, read_digest(in));
  } else if (type == cbor::Type::bytes) {
    BM_TRY(const auto token, in.bytes());
    out.content = NestedToken{to_bytes(token)};
  } else {
    BM_TRY(const auto token, in.text());
    out.content = NestedToken{std::string{token}};
  }
  return out;
}

Result<void> read_submodules(cbor::Reader& in, std::size_t level, std::vector<Submodule>& out) {
  BM_TRY(const auto count, in.map());
  if (count == 0 || count > kListMax || level == kSubmoduleLevelsMax) {
    return refuse("no submodule, more than 32, or more than four levels of them");
  }
  for (std::size_t i = 0; i < count; ++i) {
    BM_TRY(auto submodule, read_submodule(in, level));
    out.push_back(std::move(submodule));
  }
  return {};
}

template <class T, class Value>
Result<void> keep(std::optional<T>& where, Result<Value>&& read) {
  BM_TRY(where, std::move(read));
  return {};
}

Result<void> read_claim(cbor::Reader& in, std::int64_t number, std::size_t level, Claims& out) {
  switch (number) {
    case label::exp:
      return keep(out.expires, read_time(in));
    case label::nbf:
      return keep(out.not_before, read_time(in));
    case label::iat:
      return keep(out.issued_at, read_time(in));
    case label::nonce: {
      BM_TRY(out.nonces, read_nonces(in));
      return {};
    }
    case label::ueid:
      return keep(out.ueid, read_bytes(in, 7, 33, "ueid"));
    case label::oemid:
      return keep(out.oemid, read_oemid(in));
    case label::hwmodel:
      return keep(out.hardware_model, read_bytes(in, 1, 32, "hwmodel"));
    case label::hwversion:
      return keep(out.hardware_version, read_version(in));
    case label::oemboot:
      return keep(out.oem_boot, in.boolean());
    case label::dbgstat:
      return keep(out.debug, read_number(in, 0, 4, "dbgstat"));
    case label::profile:
      return keep(out.profile, read_profile(in));
    case label::submods:
      return read_submodules(in, level, out.submodules);
    case label::bootcount:
      return keep(out.boot_count, in.unsigned_int());
    case label::bootseed:
      return keep(out.boot_seed, read_bytes(in, 1, 64, "bootseed"));
    case label::swname:
      return keep(out.software_name, read_text(in, "swname"));
    case label::swversion:
      return keep(out.software_version, read_version(in));
    case label::measurements: {
      BM_TRY(out.measurements, read_measurements(in));
      return {};
    }
    case label::measres:
      return read_results(in, out.results);
    case label::intuse:
      return keep(out.intended_use, read_number(in, 1, 5, "intuse"));
  }
  return in.skip();
}

Result<Claims> read_set(cbor::Reader& in, std::size_t level) {
  BM_TRY(const auto pairs, in.map());
  Claims out;
  for (std::size_t i = 0; i < pairs; ++i) {
    BM_TRY(const auto type, in.peek());
    if (type != cbor::Type::unsigned_int) {  // every claim that is read here has a positive key
      BM_CHECK(in.skip());
      BM_CHECK(in.skip());
      continue;
    }
    BM_TRY(const auto number, in.unsigned_int());
    const auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    BM_CHECK(read_claim(in, static_cast<std::int64_t>(std::min(number, most)), level, out));
  }
  return out;
}

// --- writing ---

void write_version(cbor::Writer& out, const Version& version) {
  out.array(1).text(version);
}

void write_nonces(cbor::Writer& out, const std::vector<Bytes>& nonces) {
  if (nonces.size() > 1) {
    out.array(nonces.size());
  }
  for (const auto& nonce : nonces) {
    out.bytes(nonce);
  }
}

/// A text or a byte string, or a number.
struct WriteEither {
  cbor::Writer& out;
  void operator()(std::int64_t number) const { out.integer(number); }
  void operator()(const std::string& text) const { out.text(text); }
  void operator()(const Bytes& bytes) const { out.bytes(bytes); }
};

void write_results(cbor::Writer& out, const std::vector<MeasurementResult>& results) {
  out.array(results.size());
  for (const auto& result : results) {
    out.array(2).text(result.system).array(1);
    out.array(2).text(result.objective).unsigned_int(static_cast<std::uint64_t>(result.result));
  }
}

void write_measurements(cbor::Writer& out, const std::vector<Measurement>& measurements) {
  out.array(measurements.size());
  for (const auto& measurement : measurements) {
    out.array(2).unsigned_int(measurement.content_format).bytes(measurement.document);
  }
}

void write_set(cbor::Writer& out, const Claims& claims);

void write_submodules(cbor::Writer& out, const std::vector<Submodule>& submodules) {
  std::vector<const Submodule*> sorted;
  for (const auto& submodule : submodules) {
    sorted.push_back(&submodule);
  }
  // The order of the encodings: a shorter text first, then by its octets.
  std::ranges::sort(sorted, [](const Submodule* a, const Submodule* b) {
    return a->name.size() != b->name.size() ? a->name.size() < b->name.size() : a->name < b->name;
  });
  out.map(sorted.size());
  for (const auto* const submodule : sorted) {
    out.text(submodule->name);
    if (const auto* const claims = submodule->claims()) {
      write_set(out, *claims);
    } else if (const auto* const nested = std::get_if<NestedToken>(&submodule->content)) {
      std::visit(WriteEither{out}, nested->token);
    } else if (const auto* const digest = std::get_if<DetachedDigest>(&submodule->content)) {
      out.array(2);
      std::visit(WriteEither{out}, digest->algorithm);
      out.bytes(digest->digest);
    }
  }
}

std::size_t count_of(const Claims& c) {
  const std::initializer_list<bool> there{
      c.expires.has_value(),    c.not_before.has_value(), c.issued_at.has_value(),      !c.nonces.empty(),
      c.ueid.has_value(),       c.oemid.has_value(),      c.hardware_model.has_value(), c.hardware_version.has_value(),
      c.oem_boot.has_value(),   c.debug.has_value(),      c.profile.has_value(),        !c.submodules.empty(),
      c.boot_count.has_value(), c.boot_seed.has_value(),  c.software_name.has_value(),  c.software_version.has_value(),
      !c.measurements.empty(),  !c.results.empty(),       c.intended_use.has_value()};
  return static_cast<std::size_t>(std::ranges::count(there, true));
}

void write_set(cbor::Writer& out, const Claims& c) {
  out.map(count_of(c));
  const auto claim = [&](std::int64_t number, const auto& value, const auto& put) {
    if (value) {
      out.integer(number);
      put(*value);
    }
  };
  const auto list = [&](std::int64_t number, const auto& values, const auto& put) {
    if (!values.empty()) {
      out.integer(number);
      put(out, values);
    }
  };
  const auto time = [&](Instant at) { out.integer(to_ms(at) / 1000); };
  const auto bytes = [&](const Bytes& value) { out.bytes(value); };
  const auto text = [&](const std::string& value) { out.text(value); };
  const auto version = [&](const Version& value) { write_version(out, value); };
  const auto number = [&](std::uint64_t value) { out.unsigned_int(value); };
  const auto either = [&](const auto& value) { std::visit(WriteEither{out}, value); };
  claim(label::exp, c.expires, time);
  claim(label::nbf, c.not_before, time);
  claim(label::iat, c.issued_at, time);
  list(label::nonce, c.nonces, write_nonces);
  claim(label::ueid, c.ueid, bytes);
  claim(label::oemid, c.oemid, either);
  claim(label::hwmodel, c.hardware_model, bytes);
  claim(label::hwversion, c.hardware_version, version);
  claim(label::oemboot, c.oem_boot, [&](bool value) { out.boolean(value); });
  claim(label::dbgstat, c.debug, number);
  claim(label::profile, c.profile, either);
  list(label::submods, c.submodules, write_submodules);
  claim(label::bootcount, c.boot_count, number);
  claim(label::bootseed, c.boot_seed, bytes);
  claim(label::swname, c.software_name, text);
  claim(label::swversion, c.software_version, version);
  list(label::measurements, c.measurements, write_measurements);
  list(label::measres, c.results, write_results);
  claim(label::intuse, c.intended_use, number);
}

}  // namespace

const Submodule* Claims::submodule(std::string_view name) const {
  const auto found = std::ranges::find(submodules, name, &Submodule::name);
  return found == submodules.end() ? nullptr : &*found;
}

Result<Claims> read_claims(BytesView payload) {
  cbor::Reader in{payload, {.rule = cbor::Rule::definite}};
  BM_TRY(auto claims, read_set(in, 0));
  BM_CHECK(in.finish());
  return claims;
}

Bytes write(const Claims& claims) {
  cbor::Writer out;
  write_set(out, claims);
  return out.finish();
}

}  // namespace birthmark::eat
