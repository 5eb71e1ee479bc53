// SPDX-License-Identifier: Apache-2.0
#include "codec/cbor.h"
#include "codec/cose.h"

namespace birthmark::cose {
namespace {

constexpr std::size_t kKeyMaxBytes = 1024;

/// kty (RFC 9053 §7).
constexpr std::int64_t kOkp = 1, kEc2 = 2;

/// Labels: common ones of RFC 9052 §7.1, then those of EC2 and OKP of RFC 9053 §7.1, §7.2.
namespace label {
constexpr std::int64_t kty = 1, kid = 2, alg = 3, crv = -1, x = -2, y = -3, d = -4;
}

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_evidence, std::string{"COSE_Key: "} + what);
}

/// What the map says before it is judged as a whole.
struct Members {
  std::optional<std::int64_t> type;
  std::optional<std::int64_t> curve;
  Key key;
};

Result<void> read_y(cbor::Reader& in, Members& out) {
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::simple) {
    return refuse("the point is compressed");
  }
  BM_TRY(out.key.y, in.bytes());
  return {};
}

Result<void> read_member(cbor::Reader& in, Members& out) {
  BM_TRY(const auto type, in.peek());
  if (type == cbor::Type::text) {
    BM_CHECK(in.text());
    return in.skip();
  }
  BM_TRY(const auto number, in.integer());
  switch (number) {
    case label::kty: {
      BM_TRY(out.type, in.integer());
      return {};
    }
    case label::kid: {
      BM_TRY(out.key.key_id, in.bytes());
      return {};
    }
    case label::alg: {
      BM_TRY(out.key.algorithm, in.integer());
      return {};
    }
    case label::crv: {
      BM_TRY(out.curve, in.integer());
      return {};
    }
    case label::x: {
      BM_TRY(out.key.x, in.bytes());
      return {};
    }
    case label::y:
      return read_y(in, out);
    case label::d:
      return refuse("it has a private part");
  }
  return in.skip();
}

Result<Curve> curve_of(std::int64_t type, std::int64_t number) {
  const auto curve = static_cast<Curve>(number);
  switch (curve) {
    case Curve::p256:
    case Curve::p384:
    case Curve::p521:
      if (type == kEc2 && number == static_cast<std::int64_t>(curve)) {
        return curve;
      }
      break;
    case Curve::ed25519:
      if (type == kOkp && number == static_cast<std::int64_t>(curve)) {
        return curve;
      }
      break;
  }
  return refuse("another curve");
}

std::size_t coordinate_size(Curve curve) {
  switch (curve) {
    case Curve::p256:
    case Curve::ed25519:
      return 32;
    case Curve::p384:
      return 48;
    case Curve::p521:
      return 66;
  }
  return 0;
}

}  // namespace

Result<Key> read_key(BytesView input) {
  cbor::Reader in{input, {.bytes_max = kKeyMaxBytes, .depth_max = 4, .items_max = 64, .rule = cbor::Rule::definite}};
  BM_TRY(const auto pairs, in.map());
  Members members;
  for (std::size_t i = 0; i < pairs; ++i) {
    BM_CHECK(read_member(in, members));
  }
  BM_CHECK(in.finish());
  if (!members.type || !members.curve || (*members.type != kOkp && *members.type != kEc2)) {
    return refuse("neither EC2 nor OKP");
  }
  BM_TRY(members.key.curve, curve_of(*members.type, *members.curve));
  const auto size = coordinate_size(members.key.curve);
  if (members.key.x.size() != size || members.key.y.size() != (*members.type == kEc2 ? size : 0)) {
    return refuse("a coordinate has another size than the curve's field");
  }
  return members.key;
}

}  // namespace birthmark::cose
