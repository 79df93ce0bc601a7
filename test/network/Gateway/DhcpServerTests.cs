using PacketDotNet;
using Pyco.Network.Gateway.Dhcp;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Network.Tests.Gateway;

/// <summary>RFC 2131's exchanges; what the server writes is read by PacketDotNet.</summary>
internal sealed class DhcpServerTests
{
    private static readonly byte[] Mac = [2, 0, 0, 0, 0, 9];
    private static readonly byte[] OtherMac = [2, 0, 0, 0, 0, 8];
    private static readonly IpAddress Server = IpAddress.Parse("10.0.0.1");
    private readonly List<string> _log = [];
    private Pool _pool = null!;
    private DhcpServer _server = null!;
    private Instant _now;

    [SetUp]
    public void Start()
    {
        _log.Clear();
        _now = new Instant(TimeSpan.TicksPerHour);
        _pool = new Pool(() => _server, () => _now);
        _server = new DhcpServer(new DhcpSettings(Server, IpPrefix.Parse("10.0.0.0/29"), 1400), _pool, _log.Add);
    }

    [Test]
    public void A_client_gets_an_address_with_all_that_it_needs()
    {
        DhcpReply offer = _server.Receive(Discover(Mac), _now)!;
        Assert.That((offer.Type, offer.Address), Is.EqualTo((DhcpMessageType.Offer, (IpAddress?)IpAddress.Parse("10.0.0.2"))));

        DhcpReply lease = _server.Receive(Select(Mac, offer.Address!.Value), _now)!;

        Assert.That((lease.Type, lease.Address), Is.EqualTo((DhcpMessageType.Acknowledge, offer.Address)));
        Assert.That(lease.Destination, Is.EqualTo(IpAddress.BroadcastV4));
        var read = new DhcpV4Packet(new PacketDotNet.Utils.ByteArraySegment(lease.Write(_server.Settings, Server)), null);
        Assert.That(read.MessageType, Is.EqualTo(DhcpV4MessageType.Ack));
        Assert.That((read.TransactionId, read.YourAddress.ToString()), Is.EqualTo((0x1234u, "10.0.0.2")));
        Dictionary<byte, byte[]> options = OptionsOf(lease);
        Assert.That(options[DhcpOption.SubnetMask], Is.EqualTo(new byte[] { 255, 255, 255, 248 }));
        Assert.That(options[DhcpOption.BroadcastAddress], Is.EqualTo(new byte[] { 10, 0, 0, 7 }));
        Assert.That(options[DhcpOption.Router], Is.EqualTo(new byte[] { 10, 0, 0, 1 }));
        Assert.That(options[DhcpOption.DomainNameServer], Is.EqualTo(new byte[] { 10, 0, 0, 1 }));
        Assert.That(options[DhcpOption.InterfaceMtu], Is.EqualTo(new byte[] { 1400 >> 8, 1400 & 255 }));
        Assert.That(options[DhcpOption.LeaseTime], Is.EqualTo(new byte[] { 0, 0, 3600 >> 8, 3600 & 255 }));
        Assert.That(_log, Is.EqualTo(new[] { "DHCP: 10.0.0.2 is 02:00:00:00:00:09's" }));
    }

    [Test]
    public void Without_a_name_server_none_is_told()
    {
        DhcpReply offer = _server.Receive(Discover(Mac), _now)!;
        Assert.That(OptionsOf(offer, nameServer: null).ContainsKey(DhcpOption.DomainNameServer), Is.False);
    }

    [Test]
    public void Clients_get_different_addresses_and_each_its_own_again()
    {
        IpAddress first = Lease(Mac);
        IpAddress second = Lease(OtherMac);
        Assert.That(second, Is.Not.EqualTo(first));
        _now += TimeSpan.FromMinutes(50);
        Assert.That(_server.Receive(Discover(Mac), _now)!.Address, Is.EqualTo(first));
        _now += TimeSpan.FromHours(2);
        Assert.That(_server.Receive(Discover(Mac), _now)!.Address, Is.EqualTo(first), "though its lease is over");
    }

    [Test]
    public void The_address_that_a_client_wishes_for_is_given_if_it_is_free()
    {
        Lease(Mac, "10.0.0.5");
        Assert.That(_server.Receive(Discover(OtherMac) with { RequestedAddress = IpAddress.Parse("10.0.0.4") }, _now)!.Address,
            Is.EqualTo(IpAddress.Parse("10.0.0.4")));
        Assert.That(_server.Receive(Discover(OtherMac) with { RequestedAddress = IpAddress.Parse("10.0.0.5") }, _now)!.Address,
            Is.Not.EqualTo(IpAddress.Parse("10.0.0.5")));
        Assert.That(_server.Receive(Discover(OtherMac) with { RequestedAddress = Server }, _now)!.Address, Is.Not.EqualTo(Server));
    }

    [Test]
    public void When_all_are_in_use_there_is_no_offer_until_an_offer_or_a_lease_is_over()
    {
        for (byte client = 1; client <= 5; client++)
            _server.Receive(Discover([2, 0, 0, 0, 1, client]), _now);
        Assert.That(_server.Receive(Discover(Mac), _now), Is.Null);
        _now += DhcpServer.OfferTime;
        Assert.That(Lease(Mac), Is.Not.EqualTo(default(IpAddress)));
        for (byte client = 1; client <= 4; client++)
            Lease([2, 0, 0, 0, 1, client]);
        Assert.That(_server.Receive(Discover(OtherMac), _now), Is.Null);
        _now += DhcpSettings.LongestLease;
        Assert.That(_server.Receive(Discover(OtherMac), _now), Is.Not.Null);
    }

    [Test]
    public void A_lease_is_renewed_and_the_answer_goes_to_the_client_itself()
    {
        IpAddress address = Lease(Mac);
        _now += TimeSpan.FromMinutes(30);
        DhcpReply renewed = _server.Receive(Message(DhcpMessageType.Request, Mac) with { ClientAddress = address }, _now)!;
        Assert.That((renewed.Type, renewed.Address, renewed.Destination), Is.EqualTo((DhcpMessageType.Acknowledge, (IpAddress?)address, address)));
        _now += TimeSpan.FromMinutes(45);
        Assert.That(_server.Holds(address, _now), Is.True);
    }

    [Test]
    public void What_is_not_the_clients_is_refused_to_all_ears()
    {
        IpAddress taken = Lease(OtherMac);
        DhcpReply[] refusals =
        [
            _server.Receive(Select(Mac, IpAddress.Parse("10.0.0.6")), _now)!, // it was not offered
            _server.Receive(Message(DhcpMessageType.Request, Mac) with { RequestedAddress = taken }, _now)!,
            _server.Receive(Message(DhcpMessageType.Request, Mac) with { RequestedAddress = IpAddress.Parse("192.168.0.9") }, _now)!,
            _server.Receive(Message(DhcpMessageType.Request, Mac) with { ClientAddress = taken }, _now)!,
        ];
        Assert.That(refusals.Select(reply => reply.Type), Has.All.EqualTo(DhcpMessageType.Refuse));
        Assert.That(refusals.Select(reply => reply.Destination), Has.All.EqualTo(IpAddress.BroadcastV4));
    }

    [Test]
    public void A_client_that_comes_back_gets_what_it_had_though_the_server_has_forgotten()
    {
        IpAddress had = IpAddress.Parse("10.0.0.4");
        DhcpReply reply = _server.Receive(Message(DhcpMessageType.Request, Mac) with { RequestedAddress = had }, _now)!;
        Assert.That((reply.Type, reply.Address), Is.EqualTo((DhcpMessageType.Acknowledge, (IpAddress?)had)));
    }

    [Test]
    public void A_released_address_is_free_for_others_but_the_clients_if_nobody_wants_it()
    {
        IpAddress address = Lease(Mac);
        _server.Receive(Message(DhcpMessageType.Release, Mac) with { ClientAddress = address, ServerAddress = Server }, _now);
        Assert.That(_server.Holds(address, _now), Is.False);
        Assert.That(_server.Receive(Discover(Mac), _now)!.Address, Is.EqualTo(address));
        _server.Receive(Message(DhcpMessageType.Release, OtherMac) with { ClientAddress = address }, _now);
        Assert.That(_server.Holds(address, _now), Is.True, "nobody releases another's");
    }

    [Test]
    public void A_declined_address_is_not_given_again()
    {
        IpAddress address = Lease(Mac);
        _server.Receive(Message(DhcpMessageType.Decline, OtherMac) with { RequestedAddress = address, ServerAddress = Server }, _now);
        Assert.That(_pool.Taken, Is.Empty, "nobody declines another's");
        _server.Receive(Message(DhcpMessageType.Decline, Mac) with { RequestedAddress = address, ServerAddress = Server }, _now);
        Assert.That(_pool.Taken, Is.EqualTo(new[] { address }));
        Assert.That(Lease(Mac), Is.Not.EqualTo(address));
    }

    [Test]
    public void A_client_that_has_an_address_already_is_told_the_rest()
    {
        IpAddress own = IpAddress.Parse("10.0.0.6");
        DhcpReply reply = _server.Receive(Message(DhcpMessageType.Inform, Mac) with { ClientAddress = own }, _now)!;
        Assert.That((reply.Type, reply.Address, reply.Destination), Is.EqualTo((DhcpMessageType.Acknowledge, (IpAddress?)null, own)));
        Assert.That(OptionsOf(reply).ContainsKey(DhcpOption.LeaseTime), Is.False);
    }

    [Test]
    public void A_client_that_took_another_servers_offer_gets_no_answer_and_frees_ours()
    {
        IpAddress offered = _server.Receive(Discover(Mac), _now)!.Address!.Value;
        DhcpMessage elsewhere = Select(Mac, IpAddress.Parse("10.0.0.5")) with { ServerAddress = IpAddress.Parse("10.0.0.6") };
        Assert.That(_server.Receive(elsewhere, _now), Is.Null);
        Assert.That(_server.Holds(offered, _now), Is.False);
    }

    [Test]
    public void Clients_are_told_apart_by_their_identifier_which_comes_back()
    {
        DhcpMessage first = Discover(Mac) with { ClientIdentifier = [0, 1] };
        DhcpMessage second = Discover(Mac) with { ClientIdentifier = [0, 2] };
        DhcpReply reply = _server.Receive(first, _now)!;
        Assert.That(_server.Receive(second, _now)!.Address, Is.Not.EqualTo(reply.Address));
        Assert.That(OptionsOf(reply)[DhcpOption.ClientIdentifier], Is.EqualTo(new byte[] { 0, 1 }));
    }

    [Test]
    public void A_lease_is_no_shorter_and_no_longer_than_the_server_likes()
    {
        Assert.That(_server.Receive(Discover(Mac) with { LeaseTime = TimeSpan.FromSeconds(1) }, _now)!.LeaseTime, Is.EqualTo(DhcpSettings.ShortestLease));
        Assert.That(_server.Receive(Discover(Mac) with { LeaseTime = TimeSpan.FromMinutes(5) }, _now)!.LeaseTime, Is.EqualTo(TimeSpan.FromMinutes(5)));
        Assert.That(_server.Receive(Discover(Mac) with { LeaseTime = TimeSpan.FromDays(9) }, _now)!.LeaseTime, Is.EqualTo(DhcpSettings.LongestLease));
    }

    private IpAddress Lease(byte[] mac, string? wish = null)
    {
        DhcpMessage discover = Discover(mac) with { RequestedAddress = wish is null ? null : IpAddress.Parse(wish) };
        IpAddress address = _server.Receive(discover, _now)!.Address!.Value;
        return _server.Receive(Select(mac, address), _now)!.Address!.Value;
    }

    private Dictionary<byte, byte[]> OptionsOf(DhcpReply reply) => OptionsOf(reply, Server);

    private Dictionary<byte, byte[]> OptionsOf(DhcpReply reply, IpAddress? nameServer)
    {
        byte[] octets = reply.Write(_server.Settings, nameServer);
        Dictionary<byte, byte[]> options = [];
        for (int place = DhcpMessage.FixedLength; octets[place] != DhcpOption.End; place += 2 + octets[place + 1])
            options.Add(octets[place], octets[(place + 2)..(place + 2 + octets[place + 1])]);
        return options;
    }

    private static DhcpMessage Discover(byte[] mac) => Message(DhcpMessageType.Discover, mac);

    private static DhcpMessage Select(byte[] mac, IpAddress address) =>
        Message(DhcpMessageType.Request, mac) with { RequestedAddress = address, ServerAddress = Server };

    private static DhcpMessage Message(DhcpMessageType type, byte[] mac) => new()
    {
        Type = type,
        HardwareType = 1,
        HardwareAddress = mac,
        TransactionId = 0x1234,
        ClientAddress = IpAddress.AnyV4,
        RelayAddress = IpAddress.AnyV4,
    };

    /// <summary>10.0.0.2 to 10.0.0.6, of which no host has any.</summary>
    private sealed class Pool(Func<DhcpServer> server, Func<Instant> clock) : IAddressPool
    {
        public List<IpAddress> Taken { get; } = [];

        public IpAddress? Choose()
        {
            for (uint host = 2; host <= 6; host++)
            {
                IpAddress address = IpAddress.FromV4(0x0a000000 + host);
                if (MayGive(address) && !server().Holds(address, clock()))
                    return address;
            }
            return null;
        }

        public bool MayGive(IpAddress address) =>
            address.V4 is > 0x0a000001 and < 0x0a000007 && !Taken.Contains(address);

        public void NoteTaken(IpAddress address) => Taken.Add(address);
    }
}
