using System.Text;
using Pyco.Host.Bridge;
using Pyco.Host.Protocol;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host.Tests;

/// <summary>What a host tells its programs about names.</summary>
internal sealed unsafe class NameReplyTests : IHostDirectory
{
    private static readonly IpAddress Web = IpAddress.Parse("10.40.0.9");

    private NameSources Names => new()
    {
        Servers = [new IpEndpoint(Web, 53), new IpEndpoint(IpAddress.Parse("10.40.0.10"), 5353)],
        SearchDomains = ["example.org", "example.net"],
        Network = this,
    };

    [TestCase(0, "10.40.0.9:53")]
    [TestCase(1, "10.40.0.10:5353")]
    [TestCase(2, null)]
    [TestCase(-1, null)]
    public void Name_servers_are_counted_from_0(int number, string? expected) =>
        Assert.That(Ask(Names, new Request { Operation = Operation.GetNameServer, Argument = number }), Is.EqualTo(expected));

    [TestCase(0, "example.org")]
    [TestCase(1, "example.net")]
    [TestCase(2, null)]
    [TestCase(-1, null)]
    public void Search_domains_are_counted_from_0(int number, string? expected) =>
        Assert.That(Ask(Names, new Request { Operation = Operation.GetSearchDomain, Argument = number }), Is.EqualTo(expected));

    [Test]
    public void Without_a_source_there_is_nothing()
    {
        Assert.That(Ask(NameSources.None, new Request { Operation = Operation.GetNameServer }), Is.Null);
        Assert.That(Ask(NameSources.None, new Request { Operation = Operation.GetSearchDomain }), Is.Null);
        Assert.That(Ask(NameSources.None, Named("web")), Is.Null);
        Assert.That(Ask(NameSources.None, Addressed(Web)), Is.Null);
    }

    [Test]
    public void A_host_of_the_network_is_found_by_name_and_by_address()
    {
        Assert.That(Ask(Names, Named("web")), Is.EqualTo("10.40.0.9:0"));
        Assert.That(Ask(Names, Named("other")), Is.Null);
        Assert.That(Ask(Names, Addressed(Web)), Is.EqualTo("web"));
        Assert.That(Ask(Names, Addressed(IpAddress.Parse("10.40.0.8"))), Is.Null);
    }

    [Test]
    public void A_length_beyond_the_request_is_not_believed()
    {
        Request request = Named("web");
        request.OptionLength = ushort.MaxValue;
        Assert.That(Ask(Names, request), Is.Null);
    }

    IpAddress? IHostDirectory.FindAddress(ReadOnlySpan<byte> name) => name.SequenceEqual("web"u8) ? Web : null;

    string? IHostDirectory.FindName(IpAddress address) => address == Web ? "web" : null;

    private static Request Named(string name)
    {
        Request request = new() { Operation = Operation.FindHost, OptionLength = (ushort)name.Length };
        Encoding.ASCII.GetBytes(name, new Span<byte>(request.Option, HostProtocol.OptionCapacity));
        return request;
    }

    private static Request Addressed(IpAddress address) =>
        new() { Operation = Operation.FindHostName, Address = WireAddresses.Write(new IpEndpoint(address, 0), isV6: false) };

    private static string? Ask(NameSources names, Request request)
    {
        Reply reply = NameReplies.Answer(names, request);
        if ((Errno)reply.Error == Errno.ENOENT)
            return null;
        Assert.That(reply.Error, Is.Zero);
        return reply.OptionLength > 0
            ? Encoding.ASCII.GetString(new ReadOnlySpan<byte>(reply.Option, reply.OptionLength))
            : WireAddresses.TryRead(reply.Address, out IpEndpoint endpoint) ? endpoint.ToString() : "no address";
    }
}
