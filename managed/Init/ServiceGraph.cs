// SPDX-License-Identifier: Apache-2.0
using System;
using System.Collections.Generic;
using System.Text;
using Barrer.Linux;

namespace Barrer.Init;

/// <summary>All services, checked: every name that is named exists, nothing waits for itself.</summary>
public sealed class ServiceGraph
{
    private readonly Dictionary<string, ServiceDefinition> _services = [];
    private string _self = "";

    /// <summary>Each behind those that it is after.</summary>
    public List<ServiceDefinition> Ordered { get; } = [];

    /// <summary>The files in their order; sections of another kind are PID 1's.</summary>
    public static ServiceGraph From(IEnumerable<Ini> files, string self)
    {
        var graph = new ServiceGraph { _self = self };
        foreach (Ini file in files)
        {
            foreach (Ini.Section section in file.Sections)
            {
                if (section.Kind == "service" && section.Name != self)
                    graph.Take(section);
            }
        }
        graph.Order();
        return graph;
    }

    public ServiceDefinition? this[string name] => _services.GetValueOrDefault(name);

    private void Take(Ini.Section section)
    {
        if (!_services.TryGetValue(section.Name, out ServiceDefinition? service))
            _services.Add(section.Name, service = new ServiceDefinition(section.Name, section.File, section.Line));
        service.Take(section);
    }

    private void Order()
    {
        var names = new List<string>(_services.Keys);
        names.Sort(string.CompareOrdinal);
        var path = new List<string>();
        var placed = new HashSet<string>();
        foreach (string name in names)
            Place(_services[name], path, placed);
    }

    private void Place(ServiceDefinition service, List<string> path, HashSet<string> placed)
    {
        if (placed.Contains(service.Name))
            return;
        if (!service.Has("exec"))
            throw new IniException(service.File, service.Line, "[service " + service.Name + "]: expected a key exec");
        path.Add(service.Name);
        foreach ((string name, int line) in service.Before())
        {
            // Who pushes the plan runs already.
            if (name == _self)
                continue;
            if (!_services.TryGetValue(name, out ServiceDefinition? other))
                throw new IniException(service.File, line, "[service " + service.Name + "]: there is no service \"" + name + "\"");
            int at = path.IndexOf(name);
            if (at >= 0)
                throw new IniException(service.File, line, "[service " + service.Name + "]: a cycle: " +
                    string.Join(" after ", path.GetRange(at, path.Count - at)) + " after " + name);
            Place(other, path, placed);
        }
        path.RemoveAt(path.Count - 1);
        if (service.OnFailure is { } handler && !_services.ContainsKey(handler))
            throw new IniException(service.File, service.Line, "[service " + service.Name + "] on-failure-start: there is no service \"" + handler + "\"");
        placed.Add(service.Name);
        Ordered.Add(service);
    }

    public string Plan()
    {
        var plan = new StringBuilder();
        foreach (ServiceDefinition service in Ordered)
            service.WriteTo(plan);
        return plan.ToString();
    }
}
