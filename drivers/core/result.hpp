// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <type_traits>
#include <utility>

#include "drivers/core/error.hpp"

namespace hilltop {

/// A value or an Error. std::expected made [[nodiscard]], default-constructible (so that it can
/// cross co_spawn; an unset one is a bug) and with the monadic helpers that libstdc++ 12 lacks.
template <class T = void>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result() : state_(std::unexpected(Error())) {}
  Result(T value) : state_(std::move(value)) {}                    // NOLINT: implicit by design
  Result(Error error) : state_(std::unexpected(std::move(error))) {}  // NOLINT: implicit by design

  [[nodiscard]] bool has_value() const noexcept { return state_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  T& operator*() & { return *state_; }
  const T& operator*() const& { return *state_; }
  T&& operator*() && { return *std::move(state_); }
  T* operator->() { return &*state_; }
  const T* operator->() const { return &*state_; }

  /// The value; throws std::bad_expected_access when there is none (a bug of the caller).
  T& value() & { return state_.value(); }
  T&& value() && { return std::move(state_).value(); }

  Error& error() & { return state_.error(); }
  const Error& error() const& { return state_.error(); }
  Error&& error() && { return std::move(state_).error(); }

  T value_or(T other) && { return has_value() ? *std::move(state_) : std::move(other); }

  /// f(value) -> Result<U>, or this error.
  template <class F>
  auto and_then(F&& f) && -> std::invoke_result_t<F, T&&> {
    if (!has_value()) return std::move(*this).error();
    return std::forward<F>(f)(*std::move(state_));
  }

  /// Result of f(value), or this error.
  template <class F>
  auto transform(F&& f) && -> Result<std::invoke_result_t<F, T&&>> {
    if (!has_value()) return std::move(*this).error();
    return std::forward<F>(f)(*std::move(state_));
  }

  /// f(error) -> Result<T> where there is an error.
  template <class F>
  Result or_else(F&& f) && {
    if (has_value()) return std::move(*this);
    return std::forward<F>(f)(std::move(*this).error());
  }

  /// The same with "prefix: " before the error's text.
  Result within(std::string_view prefix) && {
    if (has_value()) return std::move(*this);
    return std::move(*this).error().within(prefix);
  }

 private:
  std::expected<T, Error> state_;
};

/// Success without a value, or an Error. `return ok();` says success.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  struct Ok {};

  Result() : failed_(true) {}
  Result(Ok) noexcept {}                                               // NOLINT: implicit by design
  Result(Error error) : failed_(true), error_(std::move(error)) {}  // NOLINT: implicit by design

  [[nodiscard]] bool has_value() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return has_value(); }

  Error& error() & { return error_; }
  const Error& error() const& { return error_; }
  Error&& error() && { return std::move(error_); }

  Result within(std::string_view prefix) && {
    if (has_value()) return std::move(*this);
    return std::move(error_).within(prefix);
  }

 private:
  bool failed_ = false;
  Error error_;
};

[[nodiscard]] inline Result<void>::Ok ok() noexcept { return {}; }

}  // namespace hilltop

#define HILLTOP_CONCAT_(a, b) a##b
#define HILLTOP_CONCAT(a, b) HILLTOP_CONCAT_(a, b)
#define HILLTOP_TRY_(tmp, decl, ret, ...)    \
  auto tmp = __VA_ARGS__;                    \
  if (!tmp) ret std::move(tmp).error();      \
  decl = *std::move(tmp)
#define HILLTOP_CHECK_(tmp, ret, ...)                               \
  do {                                                              \
    if (auto tmp = __VA_ARGS__; !tmp) ret std::move(tmp).error(); \
  } while (false)

/// HILLTOP_TRY(auto x, f()): x is f()'s value; on error the function returns it.
#define HILLTOP_TRY(decl, ...) HILLTOP_TRY_(HILLTOP_CONCAT(try_, __LINE__), decl, return, __VA_ARGS__)
/// HILLTOP_CHECK(f()): on error the function returns it.
#define HILLTOP_CHECK(...) HILLTOP_CHECK_(HILLTOP_CONCAT(try_, __LINE__), return, __VA_ARGS__)
/// The same in a coroutine: HILLTOP_CO_TRY(auto x, co_await f()).
#define HILLTOP_CO_TRY(decl, ...) HILLTOP_TRY_(HILLTOP_CONCAT(try_, __LINE__), decl, co_return, __VA_ARGS__)
#define HILLTOP_CO_CHECK(...) HILLTOP_CHECK_(HILLTOP_CONCAT(try_, __LINE__), co_return, __VA_ARGS__)
