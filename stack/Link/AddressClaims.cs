using Pyco.Stack.Wire;

namespace Pyco.Stack.Link;

/// <summary>Sends what <see cref="AddressClaims"/> decides to say.</summary>
internal interface IAddressAnnouncer
{
    /// <summary>"Does anybody have this address?", without saying that we want it (RFC 5227 §1.1).</summary>
    /// <param name="address">Which.</param>
    /// <param name="tieBreaker">Goes into the target's MAC, see <see cref="AddressClaims"/>.</param>
    void SendProbe(IpAddress address, MacAddress tieBreaker);

    /// <summary>"This address is mine", to everybody.</summary>
    void SendAnnouncement(IpAddress address);
}

/// <summary>
/// IPv4 address conflict detection (RFC 5227): probes before the own addresses are used, announces them, and defends
/// them. A program must not wait the RFC's 4 to 7 s for its start, so the address is usable after one probe and
/// <see cref="FirstProbeWait"/>; the other probes and the announcements follow in the background.
/// </summary>
/// <remarks>
/// Two hosts that start at the same moment hear each other's probes. By RFC 5227 §2.1.1 both would give up; and neither
/// would where both derive the same MAC from network and address, because each takes the other's probe for its own come
/// back. So our probes carry a number where others have zero, in the target's MAC, and the larger number wins: one that
/// is up before one that is not, and one that has been for some time before one that came up just now; then one that came
/// first before one that is <see cref="IsContended"/>; then chance.
/// <para>
/// A wait decides nothing when a host, the other one or the switch gets no processor for longer than that. One that
/// wakes late has learned that, and probes again. And the owner may know from elsewhere that the address is contended.
/// </para>
/// </remarks>
internal sealed class AddressClaims
{
    /// <summary>How long the first probe may stay unanswered. A host on a local switch answers within a millisecond.</summary>
    public static readonly TimeSpan FirstProbeWait = TimeSpan.FromMilliseconds(12);

    /// <summary>
    /// How often to probe again because the end of the wait was noticed late. In that time another host may have probed and
    /// come up unanswered. A machine that is always late must still start.
    /// </summary>
    public const int LateProbeCount = 3;

    /// <summary>How many unanswered probes make a contended address usable after all: 2 s of silence.</summary>
    public const int ContendedProbeCount = 8;

    /// <summary>The time between probes for a contended address.</summary>
    public static readonly TimeSpan ContendedProbeInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>PROBE_NUM of RFC 5227 §1.1.</summary>
    public const int ProbeCount = 3;

    /// <summary>ANNOUNCE_NUM of RFC 5227 §1.1: one when the address becomes usable, one when probing has ended.</summary>
    public const int AnnouncementCount = 2;

    /// <summary>PROBE_MIN of RFC 5227 §1.1; up to as much again (PROBE_MAX) is added at random.</summary>
    public static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(1);

    /// <summary>ANNOUNCE_INTERVAL of RFC 5227 §1.1.</summary>
    public static readonly TimeSpan AnnounceInterval = TimeSpan.FromSeconds(2);

    /// <summary>DEFEND_INTERVAL of RFC 5227 §1.1.</summary>
    public static readonly TimeSpan DefendInterval = TimeSpan.FromSeconds(10);

    /// <summary>Set in the number of a probe that is sent while the address is in use.</summary>
    private const ulong UpFlag = 1ul << 47;

    /// <summary>
    /// Set besides after the last announcement. That is 2 s after the last probe, so who hears of a twin by an answer to
    /// a probe has still the number that it sent.
    /// </summary>
    private const ulong SettledFlag = 1ul << 46;

    /// <summary>Set in the number of a host that came first.</summary>
    private const ulong FirstFlag = 1ul << 45;

    private const ulong ChanceMask = FirstFlag - 1;

    private readonly Claim[] _claims;
    private readonly IAddressAnnouncer _announcer;
    private readonly Entropy _entropy;
    private readonly StackCounters _counters;
    private ulong? _chance;
    private Instant? _next;

    public AddressClaims(
        IEnumerable<IpPrefix> addresses, IAddressAnnouncer announcer, Entropy entropy, StackCounters counters)
    {
        _claims = [.. addresses.Select(prefix => new Claim(prefix.Address))];
        (_announcer, _entropy, _counters) = (announcer, entropy, counters);
    }

    /// <summary>Usable when all addresses are, Conflict when one is.</summary>
    public AddressState State { get; private set; } = AddressState.Probing;

    /// <summary>See <see cref="NetworkStack.ConflictingMac"/>.</summary>
    public MacAddress? ConflictingMac { get; private set; }

    public IpAddress? ConflictingAddress { get; private set; }

    /// <summary>See <see cref="NetworkStack.AddressIsContended"/>.</summary>
    public bool IsContended { get; set; }

    /// <summary>The part of the number that no two hosts share; never the zero of hosts that draw no number.</summary>
    private ulong Chance => _chance ??= (_entropy.NextUInt64() & ChanceMask) | 1;

    /// <summary>See <see cref="NetworkStack.YieldsAddress"/>.</summary>
    public bool Yields { get; set; }

    public bool WasWanted { get; private set; }

    /// <summary>Begins to probe; without <paramref name="detect"/> it only announces.</summary>
    public void Start(bool detect, Instant now)
    {
        if (State == AddressState.Conflict)
            return; // somebody was heard before we said a word
        foreach (Claim claim in _claims)
        {
            claim.Phase = detect ? Phase.FirstProbeSent : Phase.Announce;
            claim.Sent = detect ? 1 : 0;
            claim.Repeated = 0;
            claim.Timer.Set(now, TimeSpan.Zero);
            if (detect)
                SendProbe(claim);
        }
        _next = now;
        if (detect)
            return; // the wait begins with the next turn, whose clock is read when the probe is out for certain
        State = AddressState.Usable;
        Advance(now);
    }

    /// <summary>Probes again after a conflict: whoever had the address may have been about to leave.</summary>
    public void Retry(Instant now)
    {
        (State, ConflictingMac, ConflictingAddress) = (AddressState.Probing, null, null);
        Start(detect: true, now);
    }

    /// <summary>Announces the addresses again, because the wire was away.</summary>
    public void AnnounceAgain(Instant now)
    {
        if (State != AddressState.Usable || Yields)
            return;
        foreach (Claim claim in _claims)
        {
            claim.Phase = Phase.Announce;
            claim.Sent = 0;
            claim.Timer.Set(now, TimeSpan.Zero);
        }
        _next = now;
        Advance(now);
    }

    /// <summary>Looks at every ARP packet that came from the wire.</summary>
    public void OnArp(in ArpPacket packet, MacAddress ownMac, Instant now)
    {
        foreach (Claim claim in _claims)
        {
            bool claimsOurs = packet.SenderAddress == claim.Address;
            bool probesOurs = packet.SenderAddress.IsAny && packet.TargetAddress == claim.Address;
            if (!claimsOurs && !probesOurs)
                continue;
            if (Yields)
                WasWanted = true;
            else if (State != AddressState.Usable)
            {
                // A packet from the address proves a conflict even with our own MAC, which may be derived from the address.
                if (claimsOurs || LosesTo(claim, packet, ownMac))
                    GiveUp(claim, packet.SenderMac);
            }
            else if (claimsOurs && packet.SenderMac != ownMac)
                Defend(claim, packet.SenderMac, now);
            else if (probesOurs && packet.SenderMac == ownMac)
                MeetTwin(claim, packet);
        }
    }

    /// <summary>Whether another's probe is a reason to give up; it may be our own, reflected (RFC 5227 §2.1.1).</summary>
    private bool LosesTo(Claim claim, in ArpPacket probe, MacAddress ownMac)
    {
        ulong other = probe.TargetMac.ToUInt64();
        return other == 0 ? probe.SenderMac != ownMac : other > NumberOf(claim);
    }

    private ulong NumberOf(Claim claim)
    {
        ulong number = Chance;
        if (!IsContended)
            number |= FirstFlag;
        if (State == AddressState.Usable)
            number |= UpFlag;
        if (State == AddressState.Usable && claim.Phase == Phase.Settled)
            number |= SettledFlag;
        return number;
    }

    /// <summary>Does what is due.</summary>
    public Instant? Advance(Instant now)
    {
        if (_next is not { } next || now < next)
            return _next;
        _next = null;
        foreach (Claim claim in _claims)
        {
            if (claim.Timer.At is { } at && now >= at)
                OnTimer(claim, now - at, now);
            _next = Instant.Earlier(_next, claim.Timer.At);
        }
        return _next;
    }

    private void OnTimer(Claim claim, TimeSpan late, Instant now)
    {
        claim.Timer.Clear();
        if (Yields || State == AddressState.Conflict)
            return;
        switch (claim.Phase)
        {
            case Phase.FirstProbeSent:
                claim.Phase = Phase.FirstProbe;
                claim.Timer.Set(now, IsContended ? ContendedProbeInterval : FirstProbeWait);
                break;
            case Phase.FirstProbe when MustProbeAgain(claim, late):
                SendProbe(claim);
                claim.Repeated++;
                claim.Phase = Phase.FirstProbeSent;
                claim.Timer.Set(now, TimeSpan.Zero);
                break;
            case Phase.FirstProbe:
                claim.Phase = Phase.LaterProbes;
                claim.Timer.Set(now, RandomProbeInterval());
                // All addresses began together, so all first waits end together.
                State = AddressState.Usable;
                _announcer.SendAnnouncement(claim.Address);
                break;
            case Phase.LaterProbes:
                SendProbe(claim);
                claim.Sent++;
                if (claim.Sent < ProbeCount)
                {
                    claim.Timer.Set(now, RandomProbeInterval());
                    break;
                }
                claim.Phase = Phase.Announce;
                claim.Sent = 1;
                claim.Timer.Set(now, AnnounceInterval);
                break;
            default:
                _announcer.SendAnnouncement(claim.Address);
                claim.Sent++;
                if (claim.Sent < AnnouncementCount)
                    claim.Timer.Set(now, AnnounceInterval);
                else
                    claim.Phase = Phase.Settled;
                break;
        }
    }

    private bool MustProbeAgain(Claim claim, TimeSpan late) => IsContended
        ? claim.Repeated < ContendedProbeCount - 1
        : late > FirstProbeWait && claim.Repeated < LateProbeCount;

    /// <summary>
    /// A probe from our own MAC. It is one of ours reflected, or a host that starts and will get our answer; or one that
    /// derived the same MAC, heard nobody in time and is up like us. No announcement would tell it from ourselves; its
    /// number does.
    /// </summary>
    private void MeetTwin(Claim claim, in ArpPacket probe)
    {
        ulong other = probe.TargetMac.ToUInt64();
        if ((other & UpFlag) == 0 || (other & ChanceMask) == Chance)
            return;
        _counters.AddressConflicts++;
        if (other > NumberOf(claim))
        {
            GiveUp(claim, probe.SenderMac);
            return;
        }
        (ConflictingMac, ConflictingAddress) = (probe.SenderMac, claim.Address);
        SendProbe(claim); // the twin loses to it
    }

    /// <summary>RFC 5227 §2.4 (b): defends once, and gives up if the other does not.</summary>
    private void Defend(Claim claim, MacAddress other, Instant now)
    {
        _counters.AddressConflicts++;
        if (claim.LastConflict is { } last && now - last < DefendInterval)
        {
            GiveUp(claim, other);
            return;
        }
        claim.LastConflict = now;
        (ConflictingMac, ConflictingAddress) = (other, claim.Address);
        _announcer.SendAnnouncement(claim.Address);
    }

    private void GiveUp(Claim claim, MacAddress other)
    {
        if (State == AddressState.Conflict)
            return; // the first one is the one to tell of
        State = AddressState.Conflict;
        ConflictingMac = other;
        ConflictingAddress = claim.Address;
    }

    private void SendProbe(Claim claim) => _announcer.SendProbe(claim.Address, MacAddress.FromUInt64(NumberOf(claim)));

    private TimeSpan RandomProbeInterval() =>
        ProbeInterval + TimeSpan.FromMilliseconds(_entropy.Next((int)ProbeInterval.TotalMilliseconds));

    private enum Phase
    {
        FirstProbeSent,
        FirstProbe,
        LaterProbes,
        Announce,
        Settled,
    }

    private sealed class Claim(IpAddress address)
    {
        public readonly IpAddress Address = address;
        public Phase Phase;
        public int Sent;
        public int Repeated;
        public Deadline Timer;
        public Instant? LastConflict;
    }
}
