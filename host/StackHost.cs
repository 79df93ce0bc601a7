using Pyco.Host.Bridge;
using Pyco.Host.Loop;
using Pyco.Host.Publishing;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Stack.Offload;
using Pyco.Stack.Wire;
using Pyco.Vde;
using Pyco.Vde.Switching;

namespace Pyco.Host;

/// <summary>One stack with its link and its programs' sockets, as a tenant of a loop that may hold others too.</summary>
internal sealed class StackHost : LoopTenant, IDisposable
{
    private const int FramesPerTurn = 64;

    /// <summary>More than a switch's queue for us holds: what waited before this turn is read in so many batches.</summary>
    private const int BatchesBeforeDecision = 4;

    /// <summary>More than the queue of a port in memory holds.</summary>
    private const int LocalBatches = LocalPort.QueueCapacity / FramesPerTurn;

    private readonly EventLoop _loop;
    private readonly IPolledLink _link;
    private readonly Frame[] _frames = new Frame[FramesPerTurn];
    private readonly LinkSource _data;
    private readonly LinkSource _control;
    private readonly Action<string> _log;

    /// <summary>Frames from a wire come one by one; in memory they are as large as they were made.</summary>
    private readonly SegmentJoiner? _joiner;

    private bool _mayHaveFrames;
    private long _conflictsTold;
    private (AddressState Addresses, string? Network) _told;

    public StackHost(
        EventLoop loop,
        StackOptions options,
        IPolledLink link,
        StackMemory memory,
        HostCredentials credentials,
        string interfaceName,
        NameSources names,
        Action<string> log)
    {
        _loop = loop;
        _link = link;
        _log = log;
        _joiner = link.Descriptor >= 0 ? new SegmentJoiner(memory.LargeFrames) : null;
        Stack = new NetworkStack(options, link, memory, KernelEntropy.Instance);
        int mtu = Math.Min(link.Mtu, options.Mtu ?? int.MaxValue);
        LoopTenant? outer = loop.Serving;
        loop.Serving = this; // what the bridge watches is this host's
        Bridge = new SocketBridge(loop, Stack, credentials, new HostIdentity(interfaceName, mtu, names), Wake, log);
        Publisher = new Publisher(Bridge, Stack);
        _data = new LinkSource(OnData);
        _control = new LinkSource(OnControl);
        loop.Serving = outer;
        loop.Add(this);
    }

    public NetworkStack Stack { get; }

    public SocketBridge Bridge { get; }

    /// <summary>See <see cref="IPolledLink.NetworkIdentity"/>.</summary>
    public string? NetworkIdentity => _link.NetworkIdentity;

    /// <summary>Called when the state of the addresses or the network's identity has changed.</summary>
    public Action? Changed { get; init; }

    /// <summary>The ports that the machine's own network reaches.</summary>
    public Publisher Publisher { get; }

    /// <summary>Opens those of the ports that are not open yet.</summary>
    /// <param name="ports">All that are to be open, in the order of before.</param>
    /// <param name="mayWait">Whether somebody who has one of them may be about to end.</param>
    /// <returns>False if somebody has one of them, who may be about to end.</returns>
    /// <exception cref="PublishException">Somebody insists on a port, or it is not to be had.</exception>
    public bool TryPublish(IReadOnlyList<PublishedPort> ports, bool mayWait)
    {
        LoopTenant? outer = _loop.Serving;
        _loop.Serving = this;
        try
        {
            foreach (PublishedPort port in ports.Skip(Publisher.Publications.Count))
                Publisher.Publish(port);
            return true;
        }
        catch (PublishException refused) when (refused.IsInUse && mayWait)
        {
            return false;
        }
        finally
        {
            _loop.Serving = outer;
        }
    }

    protected override Instant? Run(Instant now)
    {
        // What stacks of this process have sent is worked off in the turn that it was sent in, or it would pile up: they may
        // send more in a turn than a batch. A wire's queue is the kernel's.
        if (_mayHaveFrames || _link.HasFrames)
            ReceiveBatches(_link.Descriptor < 0 ? LocalBatches : 1, now);
        // Whether silence makes an address ours is decided only when all that has been said was heard, also what came
        // after this turn's events were fetched.
        if (Stack.AddressState == AddressState.Probing)
            ReceiveBatches(BatchesBeforeDecision, now);
        if (_mayHaveFrames)
            Wake();
        _link.Advance(now);
        if (_link.TakeRestored())
            Stack.LinkRestored(now);
        // Who is behind a wire need not wait for his acknowledgements until our programs have got their data. A stack in memory
        // has its turn after ours: it gets all at once.
        if (_link.Descriptor >= 0)
            Stack.Advance(now);
        Instant? bridge = Bridge.Advance(now);
        Instant? publisher = Publisher.Advance(now);
        Instant? stack = Stack.Advance(now);
        if (Stack.HasChanged) // a time has come, or our own programs speak to each other
        {
            bridge = Bridge.Advance(now);
            stack = Stack.Advance(now);
        }
        TellConflicts();
        TellChange();
        Instant? link = _link.Advance(now); // what was sent in this turn counts too
        if (Stack.HasChanged)
            Wake(); // what our own programs say to each other arrives at once
        Watch();
        return Instant.Earlier(Instant.Earlier(stack, bridge), Instant.Earlier(publisher, link));
    }

    public void Dispose()
    {
        _loop.Remove(this);
        Publisher.Dispose();
        Bridge.Dispose();
        Stack.Advance(_loop.Now); // the resets leave
        Stack.ShutDown();
        _data.Detach(_loop);
        _control.Detach(_loop);
        _link.Dispose();
    }

    private void ReceiveBatch(Instant now)
    {
        int count = _link.Receive(_frames);
        _mayHaveFrames = count == FramesPerTurn;
        if (_joiner is not null)
            count = _joiner.Join(_frames.AsSpan(0, count));
        for (int index = 0; index < count; index++)
            Stack.Receive(_frames[index], now);
    }

    private void ReceiveBatches(int most, Instant now)
    {
        for (int batch = 0; batch == 0 || (batch < most && _mayHaveFrames); batch++)
            ReceiveBatch(now);
    }

    /// <summary>
    /// A program only learns that new connections are refused with ENETUNREACH and that nobody answers on the old ones: so its user is told why.
    /// </summary>
    private void TellConflicts()
    {
        if (Stack.Counters.AddressConflicts == _conflictsTold)
            return;
        _conflictsTold = Stack.Counters.AddressConflicts;
        MacAddress? mac = Stack.ConflictingMac;
        string who = mac == Stack.Options.Mac ? $"another host that has our MAC address {mac} too" : $"{mac}";
        _log(Stack.AddressState == AddressState.Conflict
            ? $"address {Stack.ConflictingAddress} is in use on this network by {who}, which insists on it: given up, so this " +
                "program is cut off; start it again with another -a"
            : $"address {Stack.ConflictingAddress} is also used by {who}; defended it");
    }

    private void TellChange()
    {
        (AddressState, string?) now = (Stack.AddressState, _link.NetworkIdentity);
        if (now == _told)
            return;
        _told = now;
        Changed?.Invoke();
    }

    private void OnData(uint events, Instant now)
    {
        if ((events & Constants.EpollOut) != 0)
            _link.OnWritable(now);
        if ((events & (Constants.EpollErr | Constants.EpollHup)) != 0)
            _link.OnControl(now);
        _mayHaveFrames |= (events & Constants.EpollIn) != 0;
        Wake();
    }

    private void OnControl(uint events, Instant now)
    {
        _link.OnControl(now);
        Wake(); // a link that is lost has a time to try again, which a host without any other would not learn
    }

    /// <summary>The link may have other descriptors than before, or frames that wait.</summary>
    private void Watch()
    {
        uint interest = Constants.EpollIn | (_link.WantsWrite ? Constants.EpollOut : 0);
        _data.Follow(_loop, _link.Descriptor, interest);
        _control.Follow(_loop, _link.ControlDescriptor, Constants.EpollIn | Constants.EpollRdhup);
    }

    /// <summary>A descriptor that the link owns and may close without a word.</summary>
    private sealed class LinkSource(Action<uint, Instant> onEvents) : EventSource
    {
        public override void OnEvents(uint events, Instant now) => onEvents(events, now);

        public void Follow(EventLoop loop, int descriptor, uint interest)
        {
            if (descriptor != Descriptor)
            {
                Detach(loop);
                Descriptor = descriptor;
                if (descriptor >= 0)
                    loop.Add(this, interest);
            }
            else
            {
                loop.SetInterest(this, interest);
            }
        }

        public void Detach(EventLoop loop)
        {
            loop.Remove(this);
            Descriptor = -1;
        }
    }
}
