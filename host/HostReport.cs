using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Pyco.Host.Publishing;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host;

/// <summary>What a host tells the launcher once it is up.</summary>
/// <param name="ProcessId">The process that holds the stack.</param>
/// <param name="Port">Its port in the switch, or 0 if that is not known.</param>
/// <param name="Mac">Its Ethernet address.</param>
/// <param name="Addresses">Its addresses, which a network may have chosen.</param>
public sealed record HostReport(int ProcessId, int Port, MacAddress Mac, IReadOnlyList<IpPrefix> Addresses)
{
    private const string SubnetName = "subnet=";
    private const string NameHolderName = "name-holder=";

    /// <summary>Its published ports, with those that the kernel has chosen.</summary>
    public IReadOnlyList<PublishedPort> Published { get; init; } = [];

    /// <summary>Where hosts of the network that have chosen no other address are; null if the network has no such subnet.</summary>
    public IpPrefix? Subnet { get; init; }

    /// <summary>The host that others find by this one's name, because it came first; null if that is this one.</summary>
    public IpAddress? NameHolder { get; init; }

    /// <summary>The report of a stack in this process.</summary>
    internal static HostReport Of(StackHost host, int port = 0)
    {
        StackOptions options = host.Stack.Options;
        return new(Environment.ProcessId, port, options.Mac, options.Addresses) { Published = host.Publisher.Ports };
    }

    /// <summary>Reads <see cref="ToString"/>'s text.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out HostReport? report)
    {
        ArgumentNullException.ThrowIfNull(text);
        report = null;
        string[] words = text.Split(' ');
        List<IpPrefix> addresses = [];
        List<PublishedPort> published = [];
        IpPrefix? subnet = null;
        IpAddress? nameHolder = null;
        foreach (string word in words.Skip(3))
        {
            if (word.StartsWith(SubnetName, StringComparison.Ordinal) && IpPrefix.TryParse(word[SubnetName.Length..], out IpPrefix known))
                subnet = known;
            else if (word.StartsWith(NameHolderName, StringComparison.Ordinal) && IpAddress.TryParse(word[NameHolderName.Length..], out IpAddress holder))
                nameHolder = holder;
            else if (IpPrefix.TryParse(word, out IpPrefix address))
                addresses.Add(address);
            else if (PublishedPort.TryParse(word, out PublishedPort? outside, out _))
                published.Add(outside);
            else
                return false;
        }
        if (addresses.Count == 0 ||
            !int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out int processId) ||
            !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int port) ||
            !MacAddress.TryParse(words[2], out MacAddress mac))
            return false;
        report = new HostReport(processId, port, mac, addresses) { Published = published, Subnet = subnet, NameHolder = nameHolder };
        return true;
    }

    public override string ToString()
    {
        string[] subnet = Subnet is { } known ? [$"{SubnetName}{known}"] : [];
        string[] nameHolder = NameHolder is { } holder ? [$"{NameHolderName}{holder}"] : [];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{ProcessId} {Port} {Mac} {string.Join(' ', [.. Addresses, .. Published, .. subnet, .. nameHolder])}");
    }
}
