using System.Diagnostics.CodeAnalysis;
using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>
/// Puts fragmented IPv4 packets together (RFC 791 §3.2, RFC 815). Fragments stay in their frames until the packet is
/// complete, so the memory that a packet holds is what it has sent us.
/// </summary>
internal sealed class Reassembly(FramePool largeFrames, FramePool frames, StackCounters counters)
{
    /// <summary>Buffer octets that incomplete packets may hold; Linux's ipfrag_high_thresh.</summary>
    public const int MaxOctets = 4 * 1024 * 1024;

    /// <summary>
    /// How long a packet may stay incomplete after its first fragment came. Linux's ipfrag_time; RFC 1122 §3.3.2 would
    /// keep it for a minute, longer than any sender keeps an identification unused.
    /// </summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly Dictionary<Key, Packet> _packets = [];
    private readonly LinkedList<Packet> _byAge = new();
    private readonly Stack<Packet> _unused = new();
    private int _octets;

    public IPacketReceiver Receiver { get; set; } = null!; // set once, by the layer that both belong to

    /// <summary>Takes a fragment with its IP header in front and gives the whole payload if that was the last one.</summary>
    public bool TryComplete(Frame frame, in PacketInfo info, Instant now, [NotNullWhen(true)] out Frame? payload)
    {
        payload = null;
        var key = new Key(info.Source, info.Destination, info.Identification, info.Protocol);
        if (!_packets.TryGetValue(key, out Packet? packet))
        {
            packet = _unused.TryPop(out Packet? used) ? used : new Packet();
            packet.Begin(key, info, now + Timeout);
            _packets.Add(key, packet);
            _byAge.AddLast(packet.Place);
        }
        DropReason reason = packet.TryInsert(frame);
        if (reason != DropReason.None)
        {
            counters.Drop(frame, reason);
            // Overlapping fragments are an attack, not an accident (RFC 5722's rule for IPv6, as Linux applies it).
            if (reason == DropReason.BadFragment)
                GiveUp(packet, DropReason.BadFragment);
            return false;
        }
        _octets += frame.Capacity;
        if (packet.IsComplete)
        {
            payload = Join(packet);
            GiveUp(packet, null);
            return true;
        }
        while (_octets > MaxOctets && _byAge.First is { } oldest)
            GiveUp(oldest.Value, DropReason.ReassemblyMemoryFull);
        return false;
    }

    /// <summary>Gives up what is too old.</summary>
    public Instant? Advance(Instant now)
    {
        while (_byAge.First?.Value is { } oldest)
        {
            if (now < oldest.ExpiresAt)
                return oldest.ExpiresAt;
            if (oldest.FirstFragment is { } first)
                Receiver.OnReassemblyTimeout(first.Octets, oldest.Info, now);
            GiveUp(oldest, DropReason.ReassemblyTimeout);
        }
        return null;
    }

    public void ShutDown()
    {
        while (_byAge.First is { } oldest)
            GiveUp(oldest.Value, DropReason.ShutDown);
    }

    private Frame Join(Packet packet)
    {
        bool fits = packet.TotalOctets <= frames.FrameCapacity - FramePool.DefaultHeadroom;
        Frame whole = (fits ? frames : largeFrames).Rent();
        foreach (Fragment fragment in packet.Fragments)
            fragment.Payload.CopyTo(whole.Append(fragment.LengthOctets));
        return whole;
    }

    private void GiveUp(Packet packet, DropReason? reason)
    {
        foreach (Fragment fragment in packet.Fragments)
        {
            _octets -= fragment.Frame.Capacity;
            if (reason is { } why)
                counters.Drop(why);
            fragment.Frame.Dispose();
        }
        _packets.Remove(packet.Key);
        _byAge.Remove(packet.Place);
        packet.Fragments.Clear();
        _unused.Push(packet);
    }

    private readonly record struct Key(
        IpAddress Source, IpAddress Destination, ushort Identification, byte Protocol);

    /// <summary>A part of a packet: its frame still has the IP header in front.</summary>
    private readonly record struct Fragment(Frame Frame, int HeaderLength, int OffsetOctets)
    {
        public int LengthOctets => Frame.Length - HeaderLength;

        public int EndOctets => OffsetOctets + LengthOctets;

        public ReadOnlySpan<byte> Payload => Frame.Octets[HeaderLength..];
    }

    /// <summary>A packet of which some fragments have come.</summary>
    private sealed class Packet
    {
        private int _receivedOctets;
        private int? _totalOctets;

        public Packet() => Place = new LinkedListNode<Packet>(this);

        public Key Key { get; private set; }

        public PacketInfo Info { get; private set; }

        public Instant ExpiresAt { get; private set; }

        /// <summary>Its place among the packets by age.</summary>
        public LinkedListNode<Packet> Place { get; }

        /// <summary>In the order of their offsets, none overlapping.</summary>
        public List<Fragment> Fragments { get; } = [];

        public bool IsComplete => _totalOctets == _receivedOctets;

        public int TotalOctets => _receivedOctets;

        public Frame? FirstFragment =>
            Fragments.Count != 0 && Fragments[0].OffsetOctets == 0 ? Fragments[0].Frame : null;

        public void Begin(in Key key, in PacketInfo info, Instant expiresAt)
        {
            (Key, Info, ExpiresAt) = (key, info, expiresAt);
            (_receivedOctets, _totalOctets) = (0, null);
        }

        /// <summary>Lends the frame, and keeps it if the answer is None.</summary>
        public DropReason TryInsert(Frame frame)
        {
            if (!IPv4Header.TryParse(frame.Octets, out IPv4Header header))
                return DropReason.BadFragment;
            var fragment = new Fragment(frame, header.HeaderLength, header.FragmentOffsetOctets);
            bool isLast = !header.MoreFragments;
            if (fragment.LengthOctets == 0 ||
                (!isLast && fragment.LengthOctets % IPv4Header.FragmentUnit != 0) ||
                fragment.EndOctets > IPv4Header.MaxPacketLength - IPv4Header.MinLength ||
                fragment.EndOctets > (_totalOctets ?? int.MaxValue))
                return DropReason.BadFragment;

            // Fragments come in order most of the time, so look from the end.
            int index = Fragments.Count;
            while (index > 0 && Fragments[index - 1].OffsetOctets > fragment.OffsetOctets)
                index--;
            if (index > 0 && Fragments[index - 1] is var before && before.EndOctets > fragment.OffsetOctets)
            {
                bool isSame = before.OffsetOctets == fragment.OffsetOctets && before.EndOctets == fragment.EndOctets;
                return isSame ? DropReason.DuplicateFragment : DropReason.BadFragment;
            }
            if (index < Fragments.Count && Fragments[index].OffsetOctets < fragment.EndOctets)
                return DropReason.BadFragment;
            if (isLast)
            {
                if (index < Fragments.Count || _totalOctets is not null)
                    return DropReason.BadFragment; // something lies beyond the end
                _totalOctets = fragment.EndOctets;
            }
            Fragments.Insert(index, fragment);
            _receivedOctets += fragment.LengthOctets;
            return DropReason.None;
        }
    }
}
