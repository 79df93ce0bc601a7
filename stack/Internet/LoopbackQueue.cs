using System.Diagnostics.CodeAnalysis;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>
/// Packets of this host to itself, which wait for the next <see cref="NetworkStack.Advance"/>: taking them in at once
/// would run one protocol inside another.
/// </summary>
internal sealed class LoopbackQueue(StackCounters counters)
{
    /// <summary>Buffer octets that may wait: some dozen full UDP datagrams, or a TCP window.</summary>
    public const int MaxOctets = 8 * 1024 * 1024;

    private readonly Queue<Frame> _packets = new();
    private int _octets;

    public bool IsEmpty => _packets.Count == 0;

    /// <summary>Takes a packet with its IP header in front.</summary>
    public void Enqueue(Frame packet)
    {
        int held = HeldBy(packet);
        if (_octets + held > MaxOctets)
        {
            counters.Drop(packet, DropReason.LoopbackQueueFull);
            return;
        }
        _octets += held;
        _packets.Enqueue(packet);
    }

    public bool TryDequeue([NotNullWhen(true)] out Frame? packet)
    {
        if (!_packets.TryDequeue(out packet))
            return false;
        _octets -= HeldBy(packet);
        return true;
    }

    private static int HeldBy(Frame packet) => packet.Capacity + packet.AttachedOctets;
}
