// SPDX-License-Identifier: Apache-2.0
#include "agent/link/fields.h"

namespace birthmark::link {
namespace {

tl::unexpected<Error> refuse(std::uint64_t key, const char* what) {
  return fail(Code::bad_request, "link: member " + std::to_string(key) + " " + what);
}

/// The CBOR reader judges evidence; here a malformed message is a bad request, whatever it carries.
template <class T>
Result<T> as_request(Result<T> read) {
  if (!read) {
    return fail(Code::bad_request, "link: " + read.error().detail);
  }
  return read;
}

}  // namespace

Result<Fields> Fields::open(BytesView body) {
  Fields fields{body};
  BM_TRY(fields.left_, as_request(fields.reader_.map()));
  return fields;
}

Result<bool> Fields::has(std::uint64_t key) {
  if (!next_ && left_ > 0) {
    BM_TRY(const auto read, as_request(reader_.unsigned_int()));
    next_ = read;
    --left_;
  }
  return next_ == key;
}

Result<void> Fields::take(std::uint64_t key) {
  BM_TRY(const bool there, has(key));
  if (!there) {
    return refuse(key, "is missing");
  }
  next_.reset();
  return {};
}

Result<std::uint64_t> Fields::number(std::uint64_t key, std::uint64_t max) {
  BM_CHECK(take(key));
  BM_TRY(const auto value, as_request(reader_.unsigned_int()));
  return value <= max ? Result<std::uint64_t>{value} : refuse(key, "is too large");
}

Result<bool> Fields::boolean(std::uint64_t key) {
  BM_CHECK(take(key));
  return as_request(reader_.boolean());
}

Result<Bytes> Fields::bytes(std::uint64_t key, std::size_t max) {
  BM_CHECK(take(key));
  BM_TRY(const auto value, as_request(reader_.bytes()));
  return !value.empty() && value.size() <= max ? Result<Bytes>{to_bytes(value)} : refuse(key, "has another size");
}

Result<std::string> Fields::text(std::uint64_t key, std::size_t max) {
  BM_CHECK(take(key));
  BM_TRY(const auto value, as_request(reader_.text()));
  return value.size() <= max ? Result<std::string>{std::string{value}} : refuse(key, "is too long");
}

Result<std::vector<Bytes>> Fields::list(std::uint64_t key, std::size_t count_max, std::size_t max) {
  BM_CHECK(take(key));
  BM_TRY(const auto count, as_request(reader_.array()));
  if (count > count_max) {
    return refuse(key, "has too many items");
  }
  std::vector<Bytes> items;
  for (std::size_t i = 0; i < count; ++i) {
    BM_TRY(const auto value, as_request(reader_.bytes()));
    if (value.empty() || value.size() > max) {
      return refuse(key, "holds an item of another size");
    }
    items.push_back(to_bytes(value));
  }
  return items;
}

Result<void> Fields::finish() {
  if (next_ || left_ > 0) {
    return fail(Code::bad_request, "link: a member that this message does not have");
  }
  return as_request(reader_.finish());
}

}  // namespace birthmark::link
