using System.Text.Json;

namespace Pyco.Cli.Net;

/// <summary>An answer to <c>ps</c>, and what has passed since the one before it.</summary>
internal sealed class StationSample
{
    private readonly string _answer;
    private readonly double _uptime;
    private readonly StationView[] _stations;
    private readonly Dictionary<string, Rates> _rates = [];

    /// <param name="answer">The network's.</param>
    /// <param name="before">The one before, or null to know no rates.</param>
    public StationSample(string answer, StationSample? before = null)
    {
        _answer = answer;
        (Path, _uptime, StationView[] hosts, StationView[] plugs) = JsonText.Read(answer, root => (
            root.Text("path"),
            root.GetProperty("uptime").GetDouble(),
            root.GetProperty("hosts").EnumerateArray().Select(StationView.OfHost).ToArray(),
            root.GetProperty("plugs").EnumerateArray().Select(StationView.OfPlug).ToArray()));
        _stations = [.. hosts, .. plugs];
        (HostCount, PlugCount) = (hosts.Length, plugs.Length);
        if (before is not null)
            Compare(before);
    }

    public string Path { get; }

    public int HostCount { get; }

    public int PlugCount { get; }

    public TimeSpan Uptime => TimeSpan.FromSeconds(_uptime);

    /// <summary>Hosts in the order of their joining, then plugs.</summary>
    public IReadOnlyList<StationView> Stations => _stations;

    public Rates Total => _rates.Values.Aggregate(default(Rates), (sum, rates) => sum + rates);

    /// <summary>Asks twice and compares.</summary>
    /// <param name="path">The network.</param>
    /// <param name="interval">The time between; zero for no rates.</param>
    public static StationSample Take(string path, TimeSpan interval)
    {
        StationSample first = new(NetArguments.Ask(path, "ps"));
        if (interval <= TimeSpan.Zero)
            return first;
        Thread.Sleep(interval);
        return new StationSample(NetArguments.Ask(path, "ps"), first);
    }

    /// <summary>Null for a station that was not there before.</summary>
    public Rates? RatesOf(StationView station) => _rates.TryGetValue(station.Key, out Rates rates) ? rates : null;

    /// <summary>The network's answer with the rates of each station at its end.</summary>
    public string ToJson()
    {
        using var document = JsonDocument.Parse(_answer);
        return JsonText.Write(json =>
        {
            json.WriteStartObject();
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.NameEquals("hosts"))
                    WriteStations(json, property, StationView.OfHost);
                else if (property.NameEquals("plugs"))
                    WriteStations(json, property, StationView.OfPlug);
                else
                    property.WriteTo(json);
            }
            json.WriteEndObject();
        });
    }

    private void Compare(StationSample before)
    {
        double seconds = _uptime - before._uptime;
        if (seconds <= 0)
            return;
        Dictionary<string, StationView> known = [];
        foreach (StationView station in before._stations)
            known[station.Key] = station;
        foreach (StationView station in _stations)
        {
            if (known.TryGetValue(station.Key, out StationView? then) && station.OctetsSent >= then.OctetsSent)
                _rates[station.Key] = Rates.Between(then, station, seconds);
        }
    }

    private void WriteStations(Utf8JsonWriter json, JsonProperty stations, Func<JsonElement, StationView> read)
    {
        json.WriteStartArray(stations.Name);
        foreach (JsonElement station in stations.Value.EnumerateArray())
        {
            json.WriteStartObject();
            foreach (JsonProperty property in station.EnumerateObject())
                property.WriteTo(json);
            Rates? rates = RatesOf(read(station));
            WriteRate(json, "framesSentPerSecond", rates?.FramesSent);
            WriteRate(json, "bitsSentPerSecond", rates?.BitsSent);
            WriteRate(json, "framesReceivedPerSecond", rates?.FramesReceived);
            WriteRate(json, "bitsReceivedPerSecond", rates?.BitsReceived);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteRate(Utf8JsonWriter json, string name, double? rate)
    {
        if (rate is { } known)
            json.WriteNumber(name, Math.Round(known, 1));
        else
            json.WriteNull(name);
    }
}
