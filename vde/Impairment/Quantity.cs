using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Pyco.Vde.Impairment;

/// <summary>How a value of a link is written for people, and read from them.</summary>
internal abstract class Quantity<T>
{
    /// <summary>The one text that stands for the value; <see cref="TryRead"/> takes it back unchanged.</summary>
    public abstract string Write(T value);

    /// <param name="text">What the user gave.</param>
    /// <param name="value">The value, if the result is true.</param>
    /// <param name="advice">What to give instead, if the result is false.</param>
    public abstract bool TryRead(string text, [MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out string? advice);
}

/// <summary>The kinds of values that the text of a link has.</summary>
internal static class Quantity
{
    private const long TicksPerMicrosecond = TimeSpan.TicksPerMillisecond / 1000;
    private const long Kilo = 1000;
    private const long Mega = Kilo * Kilo;
    private const long Giga = Kilo * Mega;

    private static readonly ScaledQuantity Bytes = new(
        minimum: 1, maximum: Giga, ("byte", 1), ("kbyte", Kilo), ("mbyte", Mega));

    private static readonly WholeQuantity Count = new(1, 1_000_000);

    public static Quantity<TimeSpan> Duration { get; } = new MappedQuantity<long, TimeSpan>(
        new ScaledQuantity(
            minimum: 0,
            maximum: TimeSpan.TicksPerHour,
            ("us", TicksPerMicrosecond),
            ("ms", TimeSpan.TicksPerMillisecond),
            ("s", TimeSpan.TicksPerSecond)),
        TimeSpan.FromTicks,
        value => value.Ticks);

    public static Quantity<long> Rate { get; } = new ScaledQuantity(
        minimum: 1, maximum: Kilo * Giga, ("bit", 1), ("kbit", Kilo), ("mbit", Mega), ("gbit", Giga));

    public static Quantity<double> Percentage { get; } = new RealQuantity("%", "a share", 0, 100);

    /// <summary>A mean number of frames.</summary>
    public static Quantity<double> Frames { get; } = new RealQuantity("", "a mean number of frames", 1, 1_000_000);

    /// <summary>RFC 791 requires every link to carry 68 octets; no IPv4 packet is longer than 65,535.</summary>
    public static Quantity<int> Mtu { get; } = new MappedQuantity<long, int>(
        new WholeQuantity(68, 65_535), value => (int)value, value => value);

    public static Quantity<int> Overhead { get; } = new MappedQuantity<long, int>(
        new WholeQuantity(0, 1000), value => (int)value, value => value);

    public static Quantity<uint> Seed { get; } = new MappedQuantity<long, uint>(
        new WholeQuantity(0, uint.MaxValue), value => (uint)value, value => value);

    /// <summary>A bare number is one of frames.</summary>
    public static Quantity<QueueLimit> Queue { get; } = new QueueQuantity();

    /// <summary>A number without a unit.</summary>
    private sealed class WholeQuantity(long minimum, long maximum) : Quantity<long>
    {
        public override string Write(long value) => value.ToString(CultureInfo.InvariantCulture);

        public override bool TryRead(string text, out long value, [NotNullWhen(false)] out string? advice)
        {
            bool isRead = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) &&
                value >= minimum && value <= maximum;
            advice = isRead ? null : $"give a whole number from {minimum} to {maximum}";
            return isRead;
        }
    }

    /// <summary>A number with a fixed ending, which may be empty.</summary>
    private sealed class RealQuantity(string ending, string what, double minimum, double maximum) : Quantity<double>
    {
        public override string Write(double value) => value.ToString("R", CultureInfo.InvariantCulture) + ending;

        public override bool TryRead(string text, out double value, [NotNullWhen(false)] out string? advice)
        {
            // "R" writes the smallest numbers with an exponent.
            const NumberStyles Style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
            bool hasEnding = text.EndsWith(ending, StringComparison.Ordinal);
            string number = hasEnding ? text[..^ending.Length] : text;
            bool isNumber = double.TryParse(number, Style, CultureInfo.InvariantCulture, out value);
            advice = null;
            if (!isNumber || !(value >= minimum && value <= maximum))
                advice = $"give {what} from {minimum}{ending} to {maximum}{ending}";
            else if (!hasEnding)
                advice = $"give it as {number}{ending}";
            return advice is null;
        }
    }

    /// <summary>A whole number of the smallest step, written with a unit of so many steps.</summary>
    private sealed class ScaledQuantity(long minimum, long maximum, params (string Name, long Steps)[] units) : Quantity<long>
    {
        private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

        private string Units => string.Join(", ", units[..^1].Select(unit => unit.Name)) + " or " + units[^1].Name;

        public override string Write(long value)
        {
            int largest = Array.FindLastIndex(units, unit => value % unit.Steps == 0);
            (string name, long steps) = units[Math.Max(largest, 0)];
            return ((decimal)value / steps).ToString(CultureInfo.InvariantCulture) + name;
        }

        public override bool TryRead(string text, out long value, [NotNullWhen(false)] out string? advice)
        {
            value = 0;
            int end = text.AsSpan().IndexOfAnyExcept(NumberCharacters);
            string number = end < 0 ? text : text[..end];
            string name = text[number.Length..];
            if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal count))
                advice = $"give a number with a unit ({Units}), as in 20{units[1].Name}";
            else if (name.Length == 0 && count == 0)
                advice = minimum == 0 ? null : $"give at least {Write(minimum)}";
            else
                advice = ReadUnit(count, name, out value);
            return advice is null;
        }

        private string? ReadUnit(decimal count, string name, out long value)
        {
            value = 0;
            int unit = Array.FindIndex(units, unit => unit.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (name.Length == 0)
                return $"give a unit ({Units}), as in {count}{units[1].Name}";
            if (unit < 0)
                return $"give a unit that is {Units}, not '{name}'";
            decimal steps = count > maximum ? decimal.MaxValue : count * units[unit].Steps;
            if (steps < minimum)
                return $"give at least {Write(minimum)}";
            if (steps > maximum)
                return $"give at most {Write(maximum)}";
            if (!decimal.IsInteger(steps))
                return $"give a multiple of {Write(1)}";
            value = (long)steps;
            return null;
        }
    }

    /// <summary>Another quantity, held in another type.</summary>
    private sealed class MappedQuantity<TFrom, TTo>(Quantity<TFrom> inner, Func<TFrom, TTo> map, Func<TTo, TFrom> back)
        : Quantity<TTo>
    {
        public override string Write(TTo value) => inner.Write(back(value));

        public override bool TryRead(
            string text, [MaybeNullWhen(false)] out TTo value, [NotNullWhen(false)] out string? advice)
        {
            bool isRead = inner.TryRead(text, out TFrom? read, out advice);
            value = isRead ? map(read!) : default;
            return isRead;
        }
    }

    private sealed class QueueQuantity : Quantity<QueueLimit>
    {
        public override string Write(QueueLimit value) =>
            value.Octets is { } octets ? Bytes.Write(octets) : Count.Write(value.Frames ?? 0);

        public override bool TryRead(string text, out QueueLimit value, [NotNullWhen(false)] out string? advice)
        {
            value = default;
            advice = null;
            if (Bytes.TryRead(text, out long octets, out _))
                value = QueueLimit.OfOctets(octets);
            else if (Count.TryRead(text, out long frames, out _))
                value = QueueLimit.OfFrames((int)frames);
            else
                advice = "give a number of frames, as in 100, or of octets, as in 64kbyte (byte, kbyte or mbyte)";
            return advice is null;
        }
    }
}
