using System.Text;
using Pyco.Host.Protocol;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host.Bridge;

/// <summary>What a host tells its programs about names.</summary>
internal static unsafe class NameReplies
{
    public static Reply Answer(NameSources names, in Request request) => request.Operation switch
    {
        Operation.GetNameServer => GetServer(names.Servers, request.Argument),
        Operation.GetSearchDomain => GetDomain(names.SearchDomains, request.Argument),
        Operation.FindHost => FindAddress(names.Network, request),
        _ => FindName(names.Network, request),
    };

    private static Reply GetServer(IReadOnlyList<IpEndpoint> servers, int number) =>
        number >= 0 && number < servers.Count ? Found(servers[number]) : NotFound();

    private static Reply GetDomain(IReadOnlyList<string> domains, int number) =>
        number >= 0 && number < domains.Count ? Found(domains[number]) : NotFound();

    private static Reply FindAddress(IHostDirectory? network, in Request request)
    {
        fixed (byte* option = request.Option)
        {
            ReadOnlySpan<byte> name = new(option, Math.Min((int)request.OptionLength, HostProtocol.OptionCapacity));
            return network?.FindAddress(name) is { } address ? Found(new IpEndpoint(address, 0)) : NotFound();
        }
    }

    private static Reply FindName(IHostDirectory? network, in Request request) =>
        WireAddresses.TryRead(request.Address, out IpEndpoint asked) && network?.FindName(asked.Address) is { } name ? Found(name) : NotFound();

    private static Reply Found(string name)
    {
        Reply reply = RequestHandler.NewReply(Errno.None);
        reply.OptionLength = (ushort)Encoding.ASCII.GetBytes(name, new Span<byte>(reply.Option, HostProtocol.OptionCapacity));
        return reply;
    }

    private static Reply Found(IpEndpoint endpoint) => RequestHandler.AddressReply(endpoint, isV6: !endpoint.Address.IsV4);

    private static Reply NotFound() => RequestHandler.NewReply(Errno.ENOENT);
}
