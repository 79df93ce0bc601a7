using System.Globalization;

namespace Pyco.Stack.Transport.Tcp;

/// <summary>A place in TCP's 32-bit sequence space, which wraps (RFC 9293 §3.4).</summary>
internal readonly record struct SequenceNumber(uint Value)
{
    public static SequenceNumber operator +(SequenceNumber start, int octets) =>
        new(unchecked(start.Value + (uint)octets));

    public static SequenceNumber operator -(SequenceNumber end, int octets) =>
        new(unchecked(end.Value - (uint)octets));

    // A distance and no "<": in a ring two places have no order.
    public static int operator -(SequenceNumber end, SequenceNumber start) =>
        unchecked((int)(end.Value - start.Value));

    /// <summary>True if this is one of the <paramref name="lengthOctets"/> places from <paramref name="start"/> on.</summary>
    public bool IsInWindow(SequenceNumber start, int lengthOctets) =>
        unchecked(Value - start.Value) < (uint)lengthOctets;

    /// <summary>The one further on, of two places less than 2^31 apart.</summary>
    public static SequenceNumber Later(SequenceNumber left, SequenceNumber right) => left - right >= 0 ? left : right;

    /// <summary>The one further back, of two places less than 2^31 apart.</summary>
    public static SequenceNumber Earlier(SequenceNumber left, SequenceNumber right) => left - right <= 0 ? left : right;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
