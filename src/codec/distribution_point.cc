// SPDX-License-Identifier: Apache-2.0
#include "codec/distribution_point.h"

#include "codec/extension_reader.h"
#include "codec/oid.h"

namespace birthmark::x509 {
namespace {

using der::tag::context;
using der::tag::context_constructed;

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"distribution point: "} + what);
}

/// AttributeTypeAndValue ::= SEQUENCE { OID, ANY }, one or more of them.
Result<void> check_relative_name(der::Reader rdn) {
  if (rdn.empty()) {
    return refuse("empty relative name");
  }
  while (!rdn.empty()) {
    BM_TRY(auto attribute, rdn.enter(der::tag::sequence));
    BM_CHECK(attribute.oid());
    BM_CHECK(attribute.any());
    BM_CHECK(attribute.finish());
  }
  return {};
}

Result<DistributionPoint> read_point(der::Reader fields) {
  DistributionPoint point;
  BM_TRY(const auto name, fields.optional(context_constructed(0)));
  if (name) {
    BM_TRY(point.name, read_distribution_point_name(*name));
  }
  BM_TRY(const auto reasons, fields.optional(context(1)));
  if (reasons) {
    BM_TRY(point.reasons, read_reason_flags(*reasons));
  }
  BM_TRY(const auto issuer, fields.optional(context_constructed(2)));
  if (issuer) {
    BM_TRY(point.crl_issuer, read_general_names_in(*issuer));
  }
  BM_CHECK(fields.finish());
  if (!point.name && point.crl_issuer.empty()) {
    return refuse("neither name nor issuer");
  }
  return point;
}

Result<std::optional<std::vector<DistributionPoint>>> points_of(Extensions extensions, BytesView type) {
  BM_TRY(auto list, enter_extension(extensions, type));
  if (!list) {
    return std::optional<std::vector<DistributionPoint>>{};
  }
  std::vector<DistributionPoint> points;
  while (!list->empty()) {
    if (points.size() == kDistributionPointsMax) {
      return refuse("too many");
    }
    BM_TRY(const auto fields, list->enter(der::tag::sequence));
    BM_TRY(auto point, read_point(fields));
    points.push_back(std::move(point));
  }
  if (points.empty()) {
    return refuse("none");
  }
  return std::optional{std::move(points)};
}

}  // namespace

Result<DistributionPointName> read_distribution_point_name(BytesView contents) {
  der::Reader choice{contents};
  BM_TRY(const auto chosen, choice.any());
  BM_CHECK(choice.finish());
  DistributionPointName name;
  if (chosen.tag == context_constructed(0)) {
    BM_TRY(name.full_name, read_general_names_in(chosen.contents));
    return name;
  }
  if (chosen.tag != context_constructed(1)) {
    return refuse("name");
  }
  BM_CHECK(check_relative_name(der::Reader{chosen.contents}));
  name.relative_name = chosen.contents;
  return name;
}

Result<std::uint32_t> read_reason_flags(BytesView contents) {
  // The tag is implicit; what is behind it is read as the BIT STRING that it stands for.
  der::Writer bits{contents.size() + 4};
  bits.primitive(der::tag::bit_string, contents);
  const auto whole = std::move(bits).finish();
  der::Reader reader{whole};
  BM_TRY(const auto flags, reader.named_bits());
  if (flags == 0 || (flags & ~(reasons::all | 1U)) != 0) {
    return refuse("reasons");
  }
  return flags;
}

Result<std::optional<std::vector<DistributionPoint>>> crl_distribution_points(Extensions extensions) {
  return points_of(extensions, oids::crl_distribution_points);
}

Result<std::optional<std::vector<DistributionPoint>>> freshest_crl(Extensions extensions) {
  return points_of(extensions, oids::freshest_crl);
}

Result<std::optional<std::vector<std::string_view>>> crl_distribution_uris(Extensions extensions) {
  BM_TRY(const auto points, crl_distribution_points(extensions));
  if (!points) {
    return std::optional<std::vector<std::string_view>>{};
  }
  std::vector<std::string_view> uris;
  for (const auto& point : *points) {
    if (!point.name || point.reasons || !point.crl_issuer.empty()) {
      continue;
    }
    for (const auto& name : point.name->full_name) {
      if (name.kind == GeneralNameKind::uri) {
        uris.push_back(as_text(name.value));
      }
    }
  }
  return std::optional{std::move(uris)};
}

}  // namespace birthmark::x509
