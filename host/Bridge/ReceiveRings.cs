using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Bridge;

/// <summary>The rings of a host's busy UDP sockets: few, each with a number of its own while it lives.</summary>
internal sealed class ReceiveRings
{
    private readonly bool[] _isTaken = new bool[ReceiveRing.MostRings + 1];
    private readonly List<DatagramSocket> _started = [];

    public bool HasRoom => Array.IndexOf(_isTaken, false, 1) > 0;

    /// <summary>Null if there are enough, or no descriptor or memory for one.</summary>
    /// <param name="cookie">The program's socket's.</param>
    public ReceiveRingWriter? TryMake(ulong cookie)
    {
        int number = Array.IndexOf(_isTaken, false, 1);
        if (number < 0)
            return null;
        // Whoever still holds an older ring of this number finds no count of his in the new one.
        nuint begin = (nuint)KernelEntropy.Instance.NextUInt64() & ~(nuint)(ReceiveRing.DataOctets - 1);
        ReceiveRingWriter? ring = ReceiveRingWriter.TryCreate(number, begin, cookie);
        _isTaken[number] = ring is not null;
        return ring;
    }

    /// <summary>From now on the socket's ring is looked at.</summary>
    public void Watch(DatagramSocket socket) => _started.Add(socket);

    /// <summary>Looks at the rings that wait for their programs.</summary>
    /// <returns>When to look again even if nothing happens, or null.</returns>
    public Instant? Advance(Instant now)
    {
        Instant? next = null;
        foreach (DatagramSocket socket in _started)
            next = Instant.Earlier(next, socket.AdvanceReceiveRing(now));
        return next;
    }

    public void End(DatagramSocket socket, ReceiveRingWriter ring)
    {
        _ = _started.Remove(socket);
        ring.Dispose();
        _isTaken[ring.Number] = false;
    }
}
