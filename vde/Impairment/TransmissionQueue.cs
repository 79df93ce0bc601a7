using System.Diagnostics.CodeAnalysis;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Vde.Impairment;

/// <summary>
/// Frames that wait for a sender of a given rate, and the one that it is sending: first in, first out. Without a rate
/// a frame has been sent the moment it comes.
/// </summary>
internal sealed class TransmissionQueue
{
    private const int BitsPerOctet = 8;

    private readonly Queue<(Frame Frame, FrameFate Fate)> _frames = new();
    private long? _rate;
    private int _overheadOctets;

    /// <summary>When the first frame has been sent; if there is none, when the last one had been.</summary>
    private Instant _sentAt;

    /// <summary>What a whole tick of the clock does not show, in 1/rate ticks: it must not add up over many frames.</summary>
    private long _remainder;

    public int Count => _frames.Count;

    /// <summary>The length of all frames, without overhead.</summary>
    public long Octets { get; private set; }

    /// <summary>When the next frame has been sent; null if none waits.</summary>
    public Instant? NextSent => _frames.Count > 0 ? _sentAt : null;

    /// <summary>Sends on at another rate, which counts for the rest of the frame that is being sent too.</summary>
    public void Configure(long? rate, int overheadOctets, Instant now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rate ?? 1, 1);
        if (rate != _rate)
            _remainder = 0;
        if (_frames.Count > 0 && _rate is { } old)
        {
            long rest = Math.Max((_sentAt - now).Ticks, 0);
            _sentAt = now + TimeSpan.FromTicks(rate is { } next ? (long)((Int128)rest * old / next) : 0);
        }
        (_rate, _overheadOctets) = (rate, overheadOctets);
    }

    public void Add(Frame frame, FrameFate fate, Instant now)
    {
        _frames.Enqueue((frame, fate));
        Octets += frame.Length;
        if (_frames.Count > 1)
            return;
        if (_sentAt != now)
            _remainder = 0; // the sender was idle
        Start(frame, now);
    }

    /// <summary>Takes out the next frame that has been sent by now.</summary>
    public bool TryTake(Instant now, [NotNullWhen(true)] out Frame? frame, out FrameFate fate, out Instant sent)
    {
        frame = null;
        fate = default;
        sent = _sentAt;
        if (_frames.Count == 0 || sent > now)
            return false;
        (frame, fate) = _frames.Dequeue();
        Octets -= frame.Length;
        if (_frames.TryPeek(out (Frame Frame, FrameFate Fate) next))
            Start(next.Frame, sent);
        return true;
    }

    public void Clear()
    {
        while (_frames.TryDequeue(out (Frame Frame, FrameFate Fate) waiting))
            waiting.Frame.Dispose();
        Octets = 0;
    }

    private void Start(Frame frame, Instant at)
    {
        if (_rate is not { } rate)
        {
            _sentAt = at;
            return;
        }
        long bits = (frame.Length + (long)_overheadOctets) * BitsPerOctet;
        (long ticks, _remainder) = Math.DivRem((bits * TimeSpan.TicksPerSecond) + _remainder, rate);
        _sentAt = at + TimeSpan.FromTicks(ticks);
    }
}
