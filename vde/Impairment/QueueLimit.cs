namespace Pyco.Vde.Impairment;

/// <summary>
/// What may wait for a link's rate, the frame that is being sent included: a number of frames, or of octets. The default,
/// without either, is what the rate sends in 100 ms, and at least 64 KiB.
/// </summary>
/// <remarks>
/// The default follows the rate because a fixed one, such as netem's 1000 frames, is 12 s of waiting at 1 Mbit/s, and too
/// little for TCP at 10 Gbit/s. A frame that finds nothing waiting is always taken.
/// </remarks>
public readonly record struct QueueLimit
{
    private const long DefaultOctets = 65_536;
    private const int DefaultsPerSecond = 10;
    private const int BitsPerOctet = 8;

    private QueueLimit(int? frames, long? octets) => (Frames, Octets) = (frames, octets);

    public static QueueLimit Default => default;

    /// <summary>The most frames, or null if the limit is none of frames.</summary>
    public int? Frames { get; }

    /// <summary>The most octets, or null if the limit is none of octets.</summary>
    public long? Octets { get; }

    public static QueueLimit OfFrames(int frames) => new(frames, null);

    public static QueueLimit OfOctets(long octets) => new(null, octets);

    /// <summary>The limit in octets at a rate in bits per second, or null if it is one of frames.</summary>
    internal long? OctetsAt(long rate) =>
        this == Default ? Math.Max(DefaultOctets, rate / BitsPerOctet / DefaultsPerSecond) : Octets;
}
