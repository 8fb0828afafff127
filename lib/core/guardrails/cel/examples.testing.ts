// For tests: expressions that implementations of CEL answer differently, with the answers of Kubernetes.

/** Each expression is true. */
export const trueExpressions = [
  // Only ASCII letters have another case. The first letter is the Kelvin sign.
  "'\\u212aarl'.lowerAscii() != 'karl'",
  "'ÄSSÉ'.lowerAscii() == 'ÄssÉ'",
  "'straße'.upperAscii() == 'STRAßE'",
  "'\\u0130'.lowerAscii() == '\\u0130'",
  // Texts consist of code points.
  "'a😀b'.size() == 3 && size('😀😀') == 2",
  "'a😀b'.substring(2) == 'b' && 'a😀b'.substring(1, 2) == '😀'",
  "'😀b😀b'.indexOf('b') == 1 && '😀b😀b'.lastIndexOf('b') == 3 && '😀b😀b'.indexOf('b', 2) == 3",
  "'😀a'.split('') == ['😀', 'a'] && '😀a'.split('', 1) == ['😀a']",
  "'abc'.indexOf('', 7) == 3 && 'abc'.indexOf('a', 9) == -1",
  "'\\U0001f600' > '\\uffee'",
  // White space is what Unicode says it is.
  "'\\u0085\\u00a0\\u3000a\\u2003'.trim() == 'a'",
  "'\\ufeffa'.trim() == '\\ufeffa' && '\\u180ea'.trim().size() == 2",
  // Numbers.
  "int('007') == 7 && int('+5') == 5 && int('-9223372036854775808') < 0",
  "double('.5') == 0.5 && double('1e3') == 1000.0 && double('-inf') < 0.0",
  "string(1234567.0) == '1.234567e+06' && string(0.00001) == '1e-05' && string(100000.0) == '100000'",
  "string(-0.0) == '-0' && string(double('inf')) == '+Inf'",
  '-7 / 2 == -3 && -7 % 2 == -1',
  '1 < 1.5 && 9007199254740993 <= 9007199254740992.0',
  '0.0 / 0.0 != 0.0 / 0.0 && [0.0 / 0.0] != [0.0 / 0.0]',
  '-9223372036854775808 < -9223372036854775807',
  // Lengths of time have nanoseconds and a sign.
  "duration('-1.5s') < duration('-1s') && duration('-0.5s') < duration('0s')",
  "duration('1h30m') == duration('90m') && duration('1.5s') == duration('1500ms') && duration('-1m1.5s') == duration('-61.5s')",
  "duration('0.9s') + duration('0.1s') == duration('1s')",
  "duration('1s') - duration('1.5s') == duration('-500ms')",
  "duration('-1.5s').getSeconds() == -1 && duration('-61.5s').getMilliseconds() == -61500",
  // Timestamps have nanoseconds.
  "timestamp('2026-11-23T09:00:00.000000001Z') > timestamp('2026-11-23T09:00:00Z')",
  "duration('1h') + timestamp('2026-11-23T09:00:00Z') == timestamp('2026-11-23T10:00:00Z')",
  "(duration('1h') + timestamp('2026-11-23T09:00:00Z')).getHours() == 10",
  "timestamp('2026-11-23T09:00:00Z') - timestamp('2026-11-23T09:00:00.25Z') == duration('-250ms')",
  "timestamp('2024-02-29T12:00:00Z').getDayOfYear('Europe/Berlin') == 59",
  "timestamp('2026-11-23T10:00:00+01:00') == timestamp('2026-11-23T09:00:00Z')",
  // An empty list has elements of any type.
  '[].all(e, e > 0) && ![].exists(e, e.size() > 1)',
  "[] + ['a'] == ['a'] && !('a' in [])",
  // One decisive operand or element is enough.
  "true || int('') == 0",
  "!(int('') == 0 && false)",
  "['', '1'].exists(x, int(x) == 1) && !['', '1'].all(x, int(x) == 2)",
]

/** Each expression fails when it is evaluated, so that a guardrail with it counts as violated. */
export const failingExpressions = [
  ...["int('')", "int('0b11')", "int('0x1F')", "int(' 1')", "int('1_000')", "int('9223372036854775808')"].map(
    (of) => `${of} == 3`,
  ),
  ...["double('1e400')", "double('')", "double(' 1')", "double('0b1')"].map((of) => `${of} > 0.0`),
  ...['int(1e99)', 'int(9.3e18)', 'int(-9.223372036854775808e18)', 'int(0.0 / 0.0)', "int(double('inf'))"].map(
    (of) => `${of} > 0`,
  ),
  ...['-(-9223372036854775807 - 1)', '(-9223372036854775807 - 1) / -1', '(-9223372036854775807 - 1) % -1'].map(
    (of) => `${of} > 0`,
  ),
  ...['9223372036854775807 + 1', '-9223372036854775807 - 2', '4611686018427387904 * 2', '1 / 0', '1 % 0'].map(
    (of) => `${of} > 0`,
  ),
  "timestamp('9999-12-31T23:59:59Z') + duration('1s') > now",
  "timestamp('0001-01-01T00:00:00Z') - duration('1ns') < now",
  "timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z') > duration('1s')",
  "duration('2562047h') + duration('1h') > duration('1s')",
  "'abc'.substring(4) == ''",
  "'abc'.substring(2, 1) == ''",
  "'a😀'.substring(3) == ''",
  "'abc'.indexOf('b', -1) == 1",
  '0.0 / 0.0 < 1.0',
  "['', '1'].exists(x, int(x) == 2)",
  "['', '1'].exists_one(x, int(x) == 1)",
]

/** Each expression is refused when the policy is loaded, with this message. */
export const refusedExpressions: readonly [string, RegExp][] = [
  ["timestamp('2026-02-29T00:00:00Z') < now", /timestamp\(\) takes a literal/],
  ["timestamp('2026-11-23T09:00:60Z') < now", /timestamp\(\) takes a literal/],
  ["timestamp('0000-12-31T23:59:59Z') < now", /timestamp\(\) takes a literal/],
  ["timestamp('9999-12-31T23:59:59-01:00') < now", /timestamp\(\) takes a literal/],
  ["duration('2562047h48m') > duration('1s')", /duration\(\) takes a literal/],
  ['9223372036854775808 > 0', /An integer has at most 64 bits/],
  ['1u < 2u', /Unsigned integers are not supported. Write 1 instead of 1u/],
  ['1 == 1.0', /== is not defined for int and double/],
  ["[1, 'a'].size() == 2", /A list has elements of one type, and this one has int and string/],
  ["(true ? 1 : 'a') == 1", /have one type, and these are int and string/],
  ["duration('1h') - now < now", /- is not defined for duration and timestamp/],
  ['rules[true].verbs.size() > 0', /The index of a list is int, not bool/],
  ['[1].exists(x, x + 1)', /The condition of exists must return bool, not int/],
  ['request.reason && true', /The left operand of && must return bool, not string/],
  ['!request.reason', /The operand of ! must return bool, not string/],
  ["-request.reason == ''", /- is not defined for string/],
  ['(request.reason ? 1 : 2) == 1', /The condition before \? must return bool, not string/],
  ['rules.all(r.verbs, true)', /Write all as list.all\(x, …\)/],
]

/** Each expression has a value in Kubernetes and none here. docs/guardrails.md names all of these kinds. */
export const narrowerExpressions = [
  ...["'a'.charAt(0) == 'a'", "'a'.replace('a', 'b') == 'b'", "'%d'.format([1]) == '1'", "'a1'.find('[0-9]') == '1'"],
  ...[
    '[1].sum() == 1',
    'sets.contains([1], [1])',
    "isURL('a')",
    "quantity('1k').isInteger()",
    "ip('::1').family() == 6",
  ],
  ...["semver('1.0.0').major() == 1", 'dyn(1) == 1.0', 'type(1) == int', "bool('true')"],
  ...["uint('1') == uint(1)", "bytes('a') == b'a'", '[1].all(i, x, x == 1)', "{'a': 1}.a == 1", '1u < 2u'],
  ...['optional.of(1).hasValue()', 'request.?reason.hasValue()', '.5 < 1.0', "request.`reason` != '?'"],
  ...["string(now) != ''", "string(request.duration) != ''", 'int(now) > 0', "now.getHours('+02:00') >= 0"],
  ...["timestamp('2026-11-23T09:00:00.1234567891Z') < now", `duration('${'0'.repeat(38)}1s') > duration('0s')`],
  ...['request == request', 'rules != []', 'now != null', '!(null in [now])'],
  ...["double('0x1p4') == 16.0", "double('1_000') == 1000.0", '!(cluster.labels.gone in [])'],
]

/** Each expression is true here and refused in Kubernetes. docs/guardrails.md names all of these kinds. */
export const widerExpressions = [
  ...["true || int('a') == 1", '[].all(x, x > 1 && x == true)', "!matches('*', 'a')", "'ab'.contains('a',)"],
  '[1].all(__result__, __result__ == 1)',
]
