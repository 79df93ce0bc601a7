using Pyco.Stack.Wire;

namespace Pyco.Stack.Internet;

/// <summary>
/// A host's part of the Internet Group Management Protocol: tells the switches and routers of the link which groups it has joined,
/// so that they pass on what is sent to them. It speaks version 3 (RFC 3376), and an older one as long as somebody asks in that
/// (RFC 2236, RFC 1112 Appendix I).
/// </summary>
/// <remarks>A host without source filters: it has joined a group for all sources, or not at all.</remarks>
internal sealed class Igmp(INetworkLayer network, Entropy entropy, StackCounters counters)
{
    /// <summary>How often a change is told, because reports get lost (RFC 3376 §8.1).</summary>
    private const int Robustness = 2;

    /// <summary>RFC 3376 §8.11.</summary>
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);

    /// <summary>RFC 2236 §8.10.</summary>
    private static readonly TimeSpan OlderReportInterval = TimeSpan.FromSeconds(10);

    /// <summary>How long to speak an older version after a query in it: twice the usual interval and an answer's time (RFC 3376 §8.12).</summary>
    private static readonly TimeSpan OlderQuerierPresent = TimeSpan.FromSeconds((Robustness * 125) + 10);

    private static readonly IpAddress AllRouters = IpAddress.FromV4(0xe0000002);
    private static readonly IpAddress AllVersion3Routers = IpAddress.FromV4(0xe0000016);

    private readonly Dictionary<IpAddress, Membership> _memberships = new(capacity: 0);
    private readonly List<GroupRecord> _due = new(capacity: 0);
    private Deadline _answer; // to a query of version 3 for all groups
    private Deadline _version1Until;
    private Deadline _version2Until;

    private int Version => _version1Until.IsSet ? 1 : _version2Until.IsSet ? 2 : 3;

    /// <summary>The first of this host's sockets has joined the group on the link.</summary>
    public void OnJoined(IpAddress group)
    {
        if (!_memberships.TryGetValue(group, out Membership? membership))
            _memberships[group] = membership = new Membership();
        membership.IsJoined = true;
        membership.TellAtOnce();
    }

    /// <summary>The last of them has left it.</summary>
    public void OnLeft(IpAddress group)
    {
        if (!_memberships.TryGetValue(group, out Membership? membership))
            return;
        membership.IsJoined = false;
        membership.Answer.Clear();
        membership.TellAtOnce();
    }

    /// <summary>The link was away, and perhaps those who had heard the reports: tells all groups again.</summary>
    public void ReportAgain()
    {
        foreach (Membership membership in _memberships.Values)
            membership.TellAtOnce();
    }

    /// <summary>Takes a frame whose window is the message.</summary>
    public void Receive(Frame frame, Instant now)
    {
        if (!IgmpMessage.TryParse(frame.Octets, out IgmpMessage message))
        {
            counters.Drop(frame, DropReason.MalformedIgmp);
            return;
        }
        if (!message.IsChecksumValid)
        {
            counters.Drop(frame, DropReason.BadIgmpChecksum);
            return;
        }
        switch (message.Type)
        {
            case IgmpType.Query when message.HasLengthOfQuery:
                OnQuery(message, now);
                break;
            case IgmpType.Version1Report or IgmpType.Version2Report:
                OnReportOfOthers(message.Group);
                break;
            default:
                counters.Drop(frame, DropReason.IgnoredIgmp);
                return;
        }
        frame.Dispose();
    }

    /// <summary>Sends the reports that are due.</summary>
    /// <returns>When the next one is, or null.</returns>
    public Instant? Advance(Instant now)
    {
        if (_memberships.Count == 0)
            return null; // who is asked for nothing answers nothing, in no version
        ForgetOlderQueriers(now);
        foreach ((IpAddress group, Membership membership) in _memberships)
            AdvanceOne(group, membership, now);
        if (_answer.IsDue(now))
        {
            _answer.Clear();
            AnswerForAll();
        }
        SendDue(now);
        return Earliest();
    }

    private void AdvanceOne(IpAddress group, Membership membership, Instant now)
    {
        if (membership.Change.IsDue(now))
        {
            Tell(group, membership);
            membership.Change.Clear();
            membership.ChangesLeft--;
            if (membership.ChangesLeft > 0)
                membership.Change.Set(now, RandomUpTo(Version == 3 ? ReportInterval : OlderReportInterval));
            else if (!membership.IsJoined)
                _memberships.Remove(group); // which a dictionary allows while it is walked through
        }
        if (membership.Answer.IsDue(now))
        {
            membership.Answer.Clear();
            Report(GroupRecordType.ModeIsExclude, group, membership);
        }
    }

    /// <summary>In an older version one leaves without repeating it, and only as the last who has reported the group (RFC 2236 §3).</summary>
    private void Tell(IpAddress group, Membership membership)
    {
        if (membership.IsJoined)
        {
            Report(GroupRecordType.ChangeToExclude, group, membership);
            return;
        }
        if (Version == 3 || (Version == 2 && membership.WasLastToReport))
            _due.Add(new GroupRecord(GroupRecordType.ChangeToInclude, group));
        if (Version < 3)
            membership.ChangesLeft = 1;
    }

    private void Report(GroupRecordType type, IpAddress group, Membership membership)
    {
        membership.WasLastToReport = true;
        _due.Add(new GroupRecord(type, group));
    }

    private void AnswerForAll()
    {
        foreach ((IpAddress group, Membership membership) in _memberships)
        {
            if (membership.IsJoined)
                Report(GroupRecordType.ModeIsExclude, group, membership);
        }
    }

    /// <summary>RFC 3376 §5.2 and §7.2, RFC 2236 §3.</summary>
    private void OnQuery(in IgmpMessage query, Instant now)
    {
        NoteVersion(query.QueryVersion, now);
        TimeSpan limit = query.MaxResponseTime;
        if (!query.Group.IsAny)
        {
            if (_memberships.TryGetValue(query.Group, out Membership? asked))
                AnswerWithin(asked, limit, now);
        }
        else if (Version == 3)
        {
            AnswerWithin(ref _answer, limit, now);
        }
        else
        {
            foreach (Membership membership in _memberships.Values)
                AnswerWithin(membership, limit, now);
        }
    }

    private void AnswerWithin(Membership membership, TimeSpan limit, Instant now)
    {
        if (membership.IsJoined)
            AnswerWithin(ref membership.Answer, limit, now);
    }

    /// <summary>An answer that comes early enough already serves this query too.</summary>
    private void AnswerWithin(ref Deadline answer, TimeSpan limit, Instant now)
    {
        if (!(answer.At <= now + limit))
            answer.Set(now, RandomUpTo(limit));
    }

    /// <summary>Another member has reported the group: in the older versions one report is enough for all (RFC 2236 §3).</summary>
    private void OnReportOfOthers(IpAddress group)
    {
        if (Version == 3 || !_memberships.TryGetValue(group, out Membership? membership) || !membership.IsJoined)
            return;
        membership.Answer.Clear();
        membership.WasLastToReport = false;
        membership.EndChange();
    }

    /// <summary>RFC 3376 §7.2.1: who changes the version begins afresh.</summary>
    private void NoteVersion(int version, Instant now)
    {
        int before = Version;
        if (version == 1)
            _version1Until.Set(now, OlderQuerierPresent);
        else if (version == 2)
            _version2Until.Set(now, OlderQuerierPresent);
        if (Version != before)
            DropPending();
    }

    private void ForgetOlderQueriers(Instant now)
    {
        int before = Version;
        if (_version1Until.IsDue(now))
            _version1Until.Clear();
        if (_version2Until.IsDue(now))
            _version2Until.Clear();
        if (Version != before)
            DropPending();
    }

    private void DropPending()
    {
        _answer.Clear();
        foreach ((IpAddress group, Membership membership) in _memberships)
        {
            membership.Answer.Clear();
            membership.EndChange();
            if (!membership.IsJoined)
                _memberships.Remove(group);
        }
    }

    private void SendDue(Instant now)
    {
        if (_due.Count == 0)
            return;
        if (Version == 3)
            SendRecords(now);
        else
            _due.ForEach(record => SendOlder(record, now));
        _due.Clear();
    }

    private void SendRecords(Instant now)
    {
        if (network.TryRoute(AllVersion3Routers, IpAddress.AnyV4, out Route route) != Errno.None)
            return;
        int most = (route.Mtu - IPv4Header.LengthWithRouterAlert - IgmpMessage.MinLength) / GroupRecord.Length;
        foreach (GroupRecord[] records in _due.Chunk(most))
        {
            Frame frame = network.RentFrame();
            Span<byte> message = frame.Append(IgmpMessage.MinLength + (records.Length * GroupRecord.Length));
            for (int index = 0; index < records.Length; index++)
                records[index].Write(message[(IgmpMessage.MinLength + (index * GroupRecord.Length))..]);
            IgmpMessage.WriteReport(message, records.Length);
            Send(frame, route, now);
        }
    }

    private void SendOlder(GroupRecord record, Instant now)
    {
        bool isLeave = record.Type == GroupRecordType.ChangeToInclude;
        if (network.TryRoute(isLeave ? AllRouters : record.Group, IpAddress.AnyV4, out Route route) != Errno.None)
            return;
        byte type = isLeave ? IgmpType.Leave : Version == 1 ? IgmpType.Version1Report : IgmpType.Version2Report;
        Frame frame = network.RentFrame();
        IgmpMessage.Write(frame.Append(IgmpMessage.MinLength), type, record.Group);
        Send(frame, route, now);
    }

    /// <summary>RFC 3376 §4: one hop, the option that makes routers look at it, internetwork control.</summary>
    private void Send(Frame frame, in Route route, Instant now)
    {
        const byte internetworkControl = 0xc0;
        var options = new PacketOptions(IpProtocol.Igmp, TimeToLive: 1, internetworkControl, DontFragment: true)
        {
            HasRouterAlert = true,
        };
        network.Send(frame, route with { ReturnsCopy = false }, options, now);
    }

    private Instant? Earliest()
    {
        Instant? next = Instant.Earlier(_answer.At, Instant.Earlier(_version1Until.At, _version2Until.At));
        foreach (Membership membership in _memberships.Values)
            next = Instant.Earlier(next, Instant.Earlier(membership.Change.At, membership.Answer.At));
        return next;
    }

    private TimeSpan RandomUpTo(TimeSpan limit) =>
        TimeSpan.FromMilliseconds(entropy.Next((int)limit.TotalMilliseconds + 1));

    /// <summary>A group that this host has joined, or has left with something still to tell.</summary>
    private sealed class Membership
    {
        public Deadline Change;
        public Deadline Answer;

        public bool IsJoined { get; set; }

        public int ChangesLeft { get; set; }

        public bool WasLastToReport { get; set; }

        public void TellAtOnce()
        {
            ChangesLeft = Robustness;
            Change.SetAt(default);
        }

        public void EndChange()
        {
            ChangesLeft = 0;
            Change.Clear();
        }
    }
}
